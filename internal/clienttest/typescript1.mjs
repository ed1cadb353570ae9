// The TypeScript SDK 1.x: @modelcontextprotocol/sdk.
import { converse, load, plan } from './conversation.mjs';

const { Client } = load('@modelcontextprotocol/sdk/client/index.js');
const { SSEClientTransport } = load('@modelcontextprotocol/sdk/client/sse.js');
const { StreamableHTTPClientTransport } = load('@modelcontextprotocol/sdk/client/streamableHttp.js');

const Transport = { sse: SSEClientTransport, http: StreamableHTTPClientTransport }[plan.transport];
const client = new Client({ name: 'typescript-1', version: '1' });
await converse(client, new Transport(new URL(plan.url)), (params, options) => client.callTool(params, undefined, options));
