// The page of the agents' view: it lists the tools, calls them as an agent
// would, and shows what travels.

import { CallError, Client } from "./client.js";
import { byID, copyButton, h } from "./dom.js";
import { ExchangeLog } from "./exchange.js";
import { pretty, view } from "./json.js";
import { ToolPanel, titleOf } from "./panel.js";
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
  panel = tool ? new ToolPanel(tool, { call, twin: twinOf(tool.name) }) : null;
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

function call(tool, args, options) {
  return client.callTool(tool, args, options).catch((error) => {
    if (error.status === 401) explain(error);
    throw error;
  });
}

// The tool's operation, where it is served over REST too.
function twinOf(name) {
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
