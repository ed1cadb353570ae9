// A client of either TypeScript SDK that has nothing but the service's address:
// it finds the authorization server, registers itself, gets a token by
// authorization code with PKCE, calls, and gets more scopes where it lacks some.
// The plan comes as JSON in the first argument; what happened goes to standard
// output.
import { createRequire } from 'node:module';

const plan = JSON.parse(process.argv[2]);
const load = createRequire(import.meta.url);
const sdk = plan.sdk === 1
  ? {
    ...load('@modelcontextprotocol/sdk/client/index.js'),
    ...load('@modelcontextprotocol/sdk/client/streamableHttp.js'),
    ...load('@modelcontextprotocol/sdk/client/auth.js'),
  }
  : load('@modelcontextprotocol/client');

const redirectUrl = 'http://127.0.0.1:4321/callback';
const seen = { scopes: [], results: [] };
const kept = {};
let callback; // the parameters with which the last authorization came back

const provider = {
  redirectUrl,
  clientMetadata: {
    client_name: `typescript-${plan.sdk}`,
    application_type: 'native',
    redirect_uris: [redirectUrl],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  clientInformation: () => kept.client,
  saveClientInformation: (client) => { kept.client = client; },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens; },
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
  discoveryState: () => kept.discovery,
  saveDiscoveryState: (state) => { kept.discovery = state; },
  async redirectToAuthorization(address) {
    seen.scopes.push(address.searchParams.get('scope'));
    seen.resource = address.searchParams.get('resource');
    callback = await consent(address);
  },
};

// consent follows redirects back to the client, as a browser of somebody who
// agrees would.
async function consent(address) {
  const cookies = new Map();
  let at = address;
  while (!String(at).startsWith(redirectUrl)) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(at, { redirect: 'manual', headers: { cookie } });
    const to = response.headers.get('location');
    if (!to) throw new Error(`no redirect: ${response.status} ${await response.text()}`);
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      cookies.set(name, value);
    }
    at = new URL(to, at);
  }
  return at.searchParams;
}

// authorized does it, once more if the client had to be authorized.
async function authorized(transport, act) {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof sdk.UnauthorizedError)) throw error;
    if (plan.sdk === 1) await transport().finishAuth(callback.get('code'));
    else await transport().finishAuth(callback);
    return act();
  }
}

let client;
let transport;
async function connect() {
  const options = plan.sdk === 1 ? {} : { versionNegotiation: { mode: plan.negotiation } };
  client = new sdk.Client({ name: provider.clientMetadata.client_name, version: '1' }, options);
  transport = new sdk.StreamableHTTPClientTransport(new URL(plan.url), { authProvider: provider });
  await client.connect(transport);
}

await authorized(() => transport, connect);
for (const call of plan.calls) {
  const result = await authorized(() => transport, () => client.callTool(call));
  seen.results.push({ isError: result.isError === true, structured: result.structuredContent });
}
await client.close();
process.stdout.write(JSON.stringify(seen) + '\n');
