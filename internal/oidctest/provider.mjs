// An authorization server: oidc-provider with what tests need. It is told on its
// first line of standard input which scopes it grants and the clients' secret;
// each further line is a command, answered by one line on standard output.
// It ends when standard input does.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const { default: Provider } = await import(pathToFileURL(process.argv[2]));

// Standard output is for answers; what the library has to say goes beside them.
console.log = console.error;
console.info = console.error;

const account = 'alice';
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { scopes, secret } = JSON.parse((await lines.next()).value);

// formats are the tokens that a client gets by its name; every other one, such
// as one that registered itself, gets RS256.
const formats = {
  rs256: { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } },
  es256: { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } },
  opaque: { accessTokenFormat: 'opaque' },
};

const confidential = (client_id, grant_types) => ({
  client_id, client_secret: secret, grant_types, redirect_uris: [], response_types: [],
});

const clients = [
  ...Object.keys(formats).map((name) => confidential(name, ['client_credentials'])),
  confidential('introspector', []),
  {
    client_id: 'public',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1/callback'], // with any port (RFC 8252, section 7.3)
  },
];

function newKey(type, options, alg) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg };
}

const newKeys = () => [newKey('rsa', { modulusLength: 2048 }, 'RS256'), newKey('ec', { namedCurve: 'P-256' }, 'ES256')];

// signing holds the newest keys, former those that are published beside them.
let signing = newKeys();
let former = [];
let provider;
let counts = {};

// renew makes a provider with the keys as they are now; tokens, grants and
// registered clients are the adapter's and stay.
function renew() {
  const kids = Object.fromEntries(signing.map((key) => [key.alg, key.kid]));
  const resource = (client) => {
    const format = formats[client.clientId] ?? formats.rs256;
    const alg = format.jwt?.sign.alg;
    return { scope: scopes.join(' '), ...format, ...(alg && { jwt: { sign: { alg, kid: kids[alg] } } }) };
  };
  provider = new Provider(issuer, {
    clients,
    jwks: { keys: [...signing, ...former] },
    cookies: { keys: [secret] },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (ctx, interaction) => `/consent/${interaction.uid}` },
    ttl: { AccessToken: 600, ClientCredentials: 600, Grant: 3600, IdToken: 600, Interaction: 600, RefreshToken: 3600, Session: 3600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true },
      registration: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: (ctx, indicator, client) => resource(client) },
    },
  });
}

// consent grants whatever was asked for, as the one account there is.
async function consent(request, response) {
  const { params, grantId } = await provider.interactionDetails(request, response);
  const grant = (grantId && await provider.Grant.find(grantId))
    || new provider.Grant({ accountId: account, clientId: params.client_id });
  if (params.scope) {
    grant.addOIDCScope(params.scope);
    for (const indicator of [params.resource ?? []].flat()) grant.addResourceScope(indicator, params.scope);
  }
  const result = { login: { accountId: account }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result);
}

// register leaves out the scope of a client that registers itself: it would be all
// that the client may ever ask for, and clients register with what they need first.
async function register(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { scope, ...metadata } = JSON.parse(Buffer.concat(chunks));
  request.body = metadata;
  await provider.callback()(request, response);
}

function serve(request, response) {
  const { pathname } = new URL(request.url, issuer);
  counts[pathname] = (counts[pathname] ?? 0) + 1;
  let handle = provider.callback();
  if (pathname.startsWith('/consent/')) handle = consent;
  else if (pathname === '/reg' && request.method === 'POST') handle = register;
  handle(request, response).catch((error) => {
    response.statusCode = 500;
    response.end(String(error));
  });
}

const server = createServer(serve);
const listen = (port) => new Promise((done, fail) => {
  server.once('error', fail);
  server.listen(port, '127.0.0.1', done);
});

const commands = {
  rotate() {
    former.unshift(...signing);
    signing = newKeys();
    renew();
  },
  withdraw() {
    former = [];
    renew();
  },
  stop: () => new Promise((done) => {
    server.close(done);
    server.closeAllConnections();
  }),
  start: () => listen(port),
  requests: () => counts,
  forget() { counts = {}; },
};

await listen(0);
const { port } = server.address();
const issuer = `http://127.0.0.1:${port}`;
renew();
const answer = (value) => process.stdout.write(JSON.stringify(value ?? null) + '\n');
answer({ issuer });
for await (const command of lines) answer(await commands[command]());
process.exit(0);
