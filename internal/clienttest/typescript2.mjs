// The TypeScript SDK 2.x: @modelcontextprotocol/client.
import { converse, load, plan } from './conversation.mjs';

const { Client, SSEClientTransport, StreamableHTTPClientTransport } = load('@modelcontextprotocol/client');

const Transport = { sse: SSEClientTransport, http: StreamableHTTPClientTransport }[plan.transport];
const client = new Client({ name: 'typescript-2', version: '1' }, { versionNegotiation: { mode: plan.negotiation } });
await converse(client, new Transport(new URL(plan.url)), (params, options) => client.callTool(params, options));
