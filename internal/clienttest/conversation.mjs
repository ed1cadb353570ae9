// What every script here does with its client, so that one check in Go judges
// them all: connect, list the tools, make a good call and a bad one, start a
// long call and cancel it after some progress, make the good call again. The
// plan comes as JSON in the first argument; what the client saw goes to
// standard output.
import { createRequire } from 'node:module';

export const plan = JSON.parse(process.argv[2]);

// NODE_PATH says where the packages are; only require looks there.
export const load = createRequire(import.meta.url);

// converse uses the client, whose SDK's callTool is wrapped as
// call(params, options), and prints what it saw.
export async function converse(client, transport, call) {
  const seen = { version: '' };
  const announce = transport.setProtocolVersion?.bind(transport);
  transport.setProtocolVersion = (version) => {
    seen.version = version;
    announce?.(version);
  };
  await client.connect(transport);
  seen.tools = (await client.listTools()).tools.map((tool) => tool.name);
  seen.good = outcome(await call(plan.good, {}));
  seen.bad = outcome(await call(plan.bad, {}));
  seen.long = await cancelled(call);
  seen.after = outcome(await call(plan.good, {}));
  await client.close();
  process.stdout.write(JSON.stringify(seen) + '\n');
}

function outcome(result) {
  return {
    isError: result.isError === true,
    structured: result.structuredContent,
    text: result.content.filter((block) => block.type === 'text').map((block) => block.text).join('\n'),
  };
}

async function cancelled(call) {
  const progress = [];
  const abort = new AbortController();
  const onprogress = (report) => {
    progress.push({ progress: report.progress, total: report.total, message: report.message });
    if (progress.length === plan.cancelAfter) abort.abort('enough');
  };
  try {
    await call(plan.long, { onprogress, signal: abort.signal });
    return { progress, ended: '' };
  } catch (error) {
    return { progress, ended: String(error) };
  }
}
