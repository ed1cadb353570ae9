// The page of the agents' view: it lists the tools, calls them as an agent
// would, and shows what travels.

import { CallError, Client, STATELESS } from "./client.js";
import { byID, copyButton, h } from "./dom.js";
import { ExchangeLog } from "./exchange.js";
import { createForm } from "./form.js";
import { parse, pretty, view } from "./json.js";
import { showResult } from "./result.js";
import { remembered } from "./remembered.js";

const { mcpUrl, specUrl, restUrl } = document.body.dataset;
const log = new ExchangeLog(byID("exchange"));

let client = null;
let tools = [];
let routes = new Map(); // tool name → its REST route, from the OpenAPI document
let panel = null;

async function connect() {
  const key = remembered.key;
  say("busy", "Connecting…");
  await client?.close();
  client = new Client(mcpUrl, { key, report: (exchange) => log.show(exchange) });
  try {
    await client.connect(byID("era").value);
    tools = await client.listTools();
  } catch (error) {
    tools = [];
    explain(error);
    showTools();
    return showPanel();
  }
  const era = client.stateless ? "stateless" : "session";
  const server = client.server ? `${client.server.title ?? client.server.name} ${client.server.version}` : "connected";
  say("good", `${server} · ${client.version}, ${era} · ${count(tools.length, "tool")}`);
  showTools();
  showPanel();
}

const count = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

function explain(error) {
  if (error instanceof CallError && error.status === 401) {
    say("bad", "This service needs a key: enter it above and connect.");
    byID("key").focus();
  } else if (error instanceof CallError) {
    say("bad", error.message);
  } else {
    say("bad", `${mcpUrl} cannot be reached: ${error.message}`);
  }
}

function say(state, text) {
  const status = byID("status");
  status.dataset.state = state;
  status.textContent = text;
}

// The tool list -------------------------------------------------------------

function showTools() {
  const wanted = byID("filter").value.trim().toLowerCase();
  const shown = tools.filter((tool) => `${tool.name} ${titleOf(tool)} ${tool.description ?? ""}`.toLowerCase().includes(wanted));
  const entries = shown.map((tool) =>
    h("li", {}, h("a", { href: `#${encodeURIComponent(tool.name)}` }, h("span", { class: "tool-title" }, titleOf(tool)), h("code", {}, tool.name))),
  );
  if (entries.length === 0) entries.push(h("li", { class: "none" }, tools.length ? "No tool matches." : "No tools to show."));
  byID("tools").replaceChildren(...entries);
  markCurrent();
}

const titleOf = (tool) => tool.title || tool.annotations?.title || tool.name;

const chosen = () => decodeURIComponent(location.hash.slice(1));

function markCurrent() {
  for (const link of document.querySelectorAll("#tools a, #overview-link")) {
    const current = (link.hash || "#") === (location.hash || "#");
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function showPanel() {
  panel?.stop();
  const tool = tools.find(({ name }) => name === chosen());
  panel = tool ? new ToolPanel(tool) : null;
  const element = panel?.element ?? (chosen() && tools.length ? missingTool(chosen()) : overview());
  byID("panel").replaceChildren(element);
  document.title = tool ? `${titleOf(tool)} · MCP tools` : document.body.dataset.title;
  markCurrent();
}

function missingTool(name) {
  return h("div", { class: "card" }, h("h1", {}, "No such tool"), h("p", {}, "The service has no tool ", h("code", {}, name), " for you."));
}

function overview() {
  const url = new URL(mcpUrl, location.href).href;
  const config = { mcpServers: { [client?.server?.name ?? "service"]: { type: "http", url } } };
  return h(
    "div",
    { class: "card" },
    h("h1", {}, "What an agent sees"),
    h("p", {}, "Every operation of this service is also a tool for AI agents, with the same checks, the same answers and the same errors as over REST. Pick a tool, fill in its arguments and call it: the exchange shows what an agent would send and receive."),
    client?.instructions && h("section", {}, h("h2", {}, "Instructions to models"), h("p", { class: "prose" }, client.instructions)),
    h("section", {}, h("h2", {}, "Connect an agent"), h("p", {}, "Streamable HTTP, any protocol revision:"), view(config), copyButton("Copy", () => pretty(config))),
  );
}

// One tool --------------------------------------------------------------------

class ToolPanel {
  #abort = null;

  constructor(tool) {
    this.tool = tool;
    this.form = createForm(tool.inputSchema);
    this.raw = h("textarea", { class: "code", rows: "12", spellcheck: "false", "aria-label": "Arguments as JSON" });
    this.rawProblem = h("p", { class: "field-problem", hidden: true });
    this.rawRoom = h("div", { hidden: true }, this.raw, this.rawProblem);
    this.callButton = h("button", { type: "submit", class: "primary" }, "Call tool");
    this.cancelButton = h("button", { type: "button", class: "danger", hidden: true, onclick: () => this.stop() }, "Cancel");
    this.bar = h("progress", { max: 1, "aria-label": "Progress of the call" });
    this.barText = h("span", { role: "status" });
    this.progress = h("div", { class: "progress", hidden: true }, this.bar, this.barText);
    this.result = h("section", { class: "result", id: "result", "aria-live": "polite" });
    this.element = h("article", { class: "card tool" }, this.#head(), this.#callForm(), this.result, this.#schemas());
  }

  #head() {
    const { tool } = this;
    return h(
      "header",
      {},
      h("h1", {}, titleOf(tool)),
      h("p", { class: "tool-id" }, h("code", {}, tool.name), ...hints(tool.annotations)),
      tool.description && tool.description !== titleOf(tool) && h("p", { class: "prose" }, tool.description),
      restLink(tool.name),
    );
  }

  #callForm() {
    const mode = (value, label) => {
      const radio = h("input", { type: "radio", name: "mode", value, checked: value === "form", onchange: () => this.#switchTo(value) });
      return h("label", {}, radio, h("span", {}, label));
    };
    const form = h(
      "form",
      { class: "arguments", novalidate: true },
      h("div", { class: "arguments-head" }, h("h2", {}, "Arguments"), h("div", { class: "modes", role: "radiogroup", "aria-label": "How to enter arguments" }, mode("form", "Form"), mode("json", "JSON"))),
      this.form.element,
      this.rawRoom,
      h("div", { class: "actions" }, this.callButton, this.cancelButton, this.progress),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.call();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    return form;
  }

  #schemas() {
    const { inputSchema, outputSchema, annotations } = this.tool;
    const fold = (title, value) => value && h("details", {}, h("summary", {}, title), view(value), copyButton("Copy", () => pretty(value)));
    return h("section", { class: "schemas" }, fold("Input schema", inputSchema), fold("Output schema", outputSchema), fold("Annotations", annotations));
  }

  #switchTo(mode) {
    if (mode === "json") {
      this.raw.value = pretty(this.form.value());
    } else {
      const args = this.#parsed();
      if (args === undefined) return void (this.element.querySelector('input[value="json"]').checked = true);
      this.form.fill(args);
    }
    this.rawRoom.hidden = mode !== "json";
    this.form.element.hidden = mode === "json";
  }

  #parsed() {
    this.rawProblem.hidden = true;
    try {
      return parse(this.raw.value || "{}");
    } catch (error) {
      this.rawProblem.textContent = error.message;
      this.rawProblem.hidden = false;
      return undefined;
    }
  }

  async call() {
    if (this.#abort) return;
    const args = this.rawRoom.hidden ? this.form.value() : this.#parsed();
    if (args === undefined) return;
    this.form.unmark();
    this.#begin();
    const started = performance.now();
    const { signal } = this.#abort;
    try {
      const result = await client.callTool(this.tool, args, { signal, progress: (note) => this.#advance(note) });
      if (result.isError) signal.throwIfAborted(); // a session may still tell that the call was cancelled
      this.#end(showResult({ result, took: performance.now() - started, form: this.form }));
    } catch (error) {
      if (error.status === 401) explain(error);
      this.#end(showResult({ error, took: performance.now() - started }));
    }
  }

  /** Cancels the call that is under way, if any. */
  stop() {
    if (!this.#abort || this.#abort.signal.aborted) return;
    this.cancelButton.disabled = true;
    this.barText.textContent = "cancelling…";
    this.#abort.abort();
  }

  #begin() {
    this.#abort = new AbortController();
    this.callButton.disabled = true;
    this.cancelButton.hidden = false;
    this.cancelButton.disabled = false;
    this.result.replaceChildren();
    this.bar.removeAttribute("value");
    this.barText.textContent = "running…";
    this.progress.hidden = false;
  }

  #advance({ progress, total, message }) {
    if (this.#abort?.signal.aborted) return;
    if (total) {
      this.bar.max = Number(total.text ?? total);
      this.bar.value = Number(progress.text ?? progress);
    }
    const share = total ? `${Math.round((this.bar.value / this.bar.max) * 100)} %` : String(progress.text ?? progress);
    this.barText.textContent = message ? `${share} · ${message}` : share;
  }

  #end(element) {
    this.#abort = null;
    this.callButton.disabled = false;
    this.cancelButton.hidden = true;
    this.progress.hidden = true;
    this.result.replaceChildren(element);
  }
}

// The annotations in words.
function hints({ readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = {}) {
  const hint = (kind, text, title) => h("span", { class: `hint ${kind}`, title }, text);
  return [
    readOnlyHint && hint("safe", "read-only", "It changes nothing."),
    !readOnlyHint && destructiveHint && hint("risky", "destructive", "It may delete or overwrite."),
    !readOnlyHint && destructiveHint === false && hint("plain", "additive", "It changes state, but deletes and overwrites nothing."),
    !readOnlyHint && idempotentHint && hint("plain", "idempotent", "Calling it again has no further effect."),
    openWorldHint && hint("plain", "open world", "It reaches systems outside the service."),
  ];
}

function restLink(name) {
  const route = routes.get(name);
  if (!route || !restUrl) return undefined;
  const anchor = `#/${encodeURIComponent(route.tag)}/${encodeURIComponent(route.operationId)}`;
  return h("p", { class: "twin" }, "The same over REST: ", h("a", { href: restUrl + anchor }, h("b", { class: "method" }, route.method), " ", h("code", {}, route.path)));
}

// Which route serves which tool; without the document there are no links.
async function loadRoutes() {
  if (!specUrl) return;
  const headers = remembered.key ? { Authorization: "Bearer " + remembered.key } : {};
  const response = await fetch(specUrl, { headers }).catch(() => null);
  if (!response?.ok) return;
  const { paths = {} } = await response.json().catch(() => ({}));
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const tool = operation["x-mcp-tool"];
      if (tool) routes.set(tool, { path, method: method.toUpperCase(), operationId: operation.operationId, tag: operation.tags?.[0] ?? "default" });
    }
  }
}

// The page ---------------------------------------------------------------------

byID("key").value = remembered.key;
byID("era").value = remembered.era;
byID("era").addEventListener("change", () => {
  remembered.era = byID("era").value;
  connect();
});
byID("connection").addEventListener("submit", (event) => {
  event.preventDefault();
  remembered.key = byID("key").value.trim();
  connect();
});
byID("filter").addEventListener("input", showTools);
byID("clear").addEventListener("click", () => log.clear());
byID("tools-toggle").addEventListener("click", ({ currentTarget }) => {
  const open = currentTarget.getAttribute("aria-expanded") !== "true";
  currentTarget.setAttribute("aria-expanded", String(open));
});
addEventListener("hashchange", () => {
  byID("tools-toggle").setAttribute("aria-expanded", "false");
  showPanel();
  byID("panel").focus({ preventScroll: true });
  if (byID("panel").getBoundingClientRect().top < 0) byID("panel").scrollIntoView();
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the hash names a tool
  byID("panel").focus();
});
addEventListener("pagehide", () => client?.close());
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, textarea, select")) return;
  event.preventDefault();
  byID("filter").focus();
});

await loadRoutes();
await connect();
