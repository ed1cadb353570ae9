// A small MCP client over Streamable HTTP, in both eras of the protocol: the
// stateless one of 2026-07-28, and sessions as of 2025-11-25. Every HTTP
// exchange is reported, so that the page can show what an agent would send.

import { encode, parse } from "./json.js";

export const STATELESS = "2026-07-28";
export const SESSION = "2025-11-25";

const clientInfo = { name: "tandem-docs", title: "Tandem docs", version: "1" };
const meta = "io.modelcontextprotocol/";
const cancelGrace = 1000; // ms that a session's stream may take to end after a cancellation

/** A JSON-RPC error, or an HTTP response that carries none. */
export class CallError extends Error {
  constructor(message, { code, data, status, challenge } = {}) {
    super(message);
    Object.assign(this, { code, data, status, challenge });
  }
}

export class Client {
  #nextID = 1;
  #session = null; // id of a 2025 session
  #version = null;

  /** report(exchange) is called whenever an exchange begins or changes. */
  constructor(url, { key = "", report = () => {} } = {}) {
    Object.assign(this, { url, key, report, server: null, instructions: "" });
  }

  get version() {
    return this.#version;
  }

  get stateless() {
    return this.#version >= STATELESS;
  }

  /** Connects in the wanted era; "auto" tries the stateless one first. */
  async connect(era = "auto") {
    if (era === SESSION) return this.#initialize();
    try {
      await this.#discover();
    } catch (error) {
      if (era !== "auto" || !refusesEra(error)) throw error;
      await this.#initialize();
    }
  }

  /** Ends a session; without one there is nothing to end. */
  async close() {
    if (!this.#session) return;
    const headers = this.#headers();
    this.#session = null;
    await fetch(this.url, { method: "DELETE", headers, keepalive: true }).catch(() => {});
  }

  /** Returns every tool, page by page. */
  async listTools() {
    const tools = [];
    let cursor;
    do {
      const page = await this.request("tools/list", cursor === undefined ? {} : { cursor });
      tools.push(...page.tools);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return tools;
  }

  /** Calls a tool. Aborting the signal cancels the call as the era has it. */
  async callTool(tool, args, { signal, progress } = {}) {
    const params = { name: tool.name, arguments: args };
    const options = { signal, progress, headers: mirrored(tool.inputSchema, args) };
    try {
      return await this.request("tools/call", params, options);
    } catch (error) {
      if (error.status !== 404 || this.stateless || !this.#session) throw error;
      this.#session = null; // the session is gone: begin another one, once
      await this.#initialize();
      return this.request("tools/call", params, options);
    }
  }

  async #discover() {
    this.#version = STATELESS;
    const result = await this.request("server/discover", {});
    this.server = result._meta?.[meta + "serverInfo"] ?? result.serverInfo ?? null;
    this.instructions = result.instructions ?? "";
  }

  async #initialize() {
    this.#version = null;
    const result = await this.request("initialize", { protocolVersion: SESSION, capabilities: {}, clientInfo });
    this.#version = result.protocolVersion;
    this.server = result.serverInfo ?? null;
    this.instructions = result.instructions ?? "";
    await this.notify("notifications/initialized");
  }

  /** Sends a request and returns its result. */
  async request(method, params, { signal, progress, headers = {} } = {}) {
    const id = this.#nextID++;
    const message = { jsonrpc: "2.0", id, method, params: this.#withMeta(params, progress ? id : undefined) };
    const gone = new AbortController();
    const onAbort = () => this.#cancel(id, gone);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      signal?.throwIfAborted();
      return await this.#exchange(message, headers, gone.signal, (note) => {
        if (note.method === "notifications/progress" && note.params?.progressToken === id) progress?.(note.params);
      });
    } catch (error) {
      throw signal?.aborted ? cancelled() : error; // a session's stream may just end
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Sends a notification. */
  async notify(method, params) {
    await this.#exchange({ jsonrpc: "2.0", method, ...(params && { params }) });
  }

  // Closing the stream cancels a stateless call; a session is told.
  #cancel(id, gone) {
    if (this.stateless) return gone.abort(cancelled());
    this.notify("notifications/cancelled", { requestId: id, reason: "cancelled on the docs page" }).catch(() => {});
    setTimeout(() => gone.abort(cancelled()), cancelGrace);
  }

  #withMeta(params, progressToken) {
    const _meta = {
      ...(this.stateless && {
        [meta + "protocolVersion"]: this.#version,
        [meta + "clientInfo"]: clientInfo,
        [meta + "clientCapabilities"]: {},
      }),
      ...(progressToken !== undefined && { progressToken }),
    };
    return Object.keys(_meta).length ? { ...params, _meta } : params;
  }

  #headers(message, extra) {
    return {
      ...(message && { "Content-Type": "application/json", Accept: "application/json, text/event-stream" }),
      ...(this.#version && { "MCP-Protocol-Version": this.#version }),
      ...(this.#session && { "Mcp-Session-Id": this.#session }),
      ...(this.stateless && message && { "Mcp-Method": message.method }),
      ...(this.stateless && message?.params?.name && { "Mcp-Name": headerText(message.params.name) }),
      ...(this.stateless && extra),
      ...(this.key && { Authorization: "Bearer " + this.key }),
    };
  }

  async #exchange(message, extra, signal, onNote) {
    const headers = this.#headers(message, extra);
    const exchange = { message, headers, started: performance.now(), received: [] };
    this.report(exchange);
    try {
      const response = await fetch(this.url, { method: "POST", headers, body: encode(message), signal, cache: "no-store" });
      exchange.response = response;
      if (message.method === "initialize") this.#session = response.headers.get("Mcp-Session-Id");
      this.report(exchange);
      return await this.#answer(exchange, response, onNote);
    } catch (error) {
      exchange.failure = error;
      throw error;
    } finally {
      exchange.ended = performance.now();
      this.report(exchange);
    }
  }

  async #answer(exchange, response, onNote) {
    const { id } = exchange.message;
    for await (const text of messages(response)) {
      const received = { at: performance.now() - exchange.started, text };
      exchange.received.push(received);
      try {
        received.message = parse(text);
      } catch {
        break;
      }
      this.report(exchange);
      const answer = received.message;
      if (answer?.jsonrpc !== "2.0") break; // a problem document, or no answer at all
      if (answer.method === undefined && (answer.id === id || !response.ok)) return resultOf(answer, response);
      if (answer.method !== undefined && answer.id !== undefined) this.#answerServer(answer);
      else onNote?.(answer);
    }
    if (id === undefined && response.ok) return undefined;
    throw httpError(response, exchange.received.at(-1)?.text);
  }

  // A server may ping over a session; this page offers no other capability.
  #answerServer({ id, method }) {
    const reply = method === "ping" ? { result: {} } : { error: { code: -32601, message: "not offered by this client" } };
    this.#exchange({ jsonrpc: "2.0", id, ...reply }).catch(() => {});
  }
}

const cancelled = () => new DOMException("The call was cancelled.", "AbortError");

/** Yields each message of a response: the whole body, or every SSE event's data. */
async function* messages(response) {
  if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
    const text = await response.text();
    if (text.trim()) yield text;
    return;
  }
  let buffer = "";
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (buffer + value).replaceAll("\r\n", "\n").split("\n\n");
    buffer = events.pop();
    for (const event of events) {
      const data = event.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).replace(/^ /, ""));
      if (data.join("")) yield data.join("\n");
    }
  }
}

function resultOf(answer, response) {
  const { error } = answer;
  if (!error) return answer.result;
  throw new CallError(error.message, { code: error.code, data: error.data, ...httpDetails(response) });
}

function httpError(response, text) {
  let detail = text ?? "";
  try {
    const problem = JSON.parse(text);
    detail = problem.detail ?? problem.title ?? detail;
  } catch {
    // not a problem document: its text is all there is to tell
  }
  const status = `HTTP ${response.status} ${response.statusText}`.trim();
  return new CallError(detail ? `${status}: ${detail.slice(0, 500)}` : status, httpDetails(response));
}

const httpDetails = (response) => ({ status: response.status, challenge: response.headers.get("WWW-Authenticate") });

// What a server of the older era answers to a stateless request.
const refusesEra = (error) =>
  error instanceof CallError && ![401, 403, 429].includes(error.status) && (error.status < 500 || error.code !== undefined);

// Arguments whose schema says x-mcp-header are mirrored in headers.
function mirrored(schema, args, headers = {}) {
  for (const [name, property] of Object.entries(schema?.properties ?? {})) {
    const value = args?.[name];
    if (value === undefined || value === null) continue;
    const header = property["x-mcp-header"];
    if (header) headers["Mcp-Param-" + header] = headerText(typeof value === "string" ? value : encode(value));
    else if (typeof value === "object") mirrored(property, value, headers);
  }
  return headers;
}

// Text beyond printable ASCII travels in base64.
function headerText(text) {
  if (/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !/^=\?base64\?.*\?=$/.test(text)) return text;
  const bytes = new TextEncoder().encode(text);
  return `=?base64?${btoa(String.fromCharCode(...bytes))}?=`;
}
