// How a tool's answer is shown: its structured content, what else it holds, and
// for a problem what is wrong with which argument.

import { CallError } from "./client.js";
import { h } from "./dom.js";
import { encode, parse, view } from "./json.js";

/** Returns the element for a result or an error, and marks the form's fields. */
export function showResult({ result, error, took, form }) {
  const time = h("span", { class: "took" }, `${took < 10 ? took.toFixed(1) : Math.round(took)} ms`);
  if (error) return h("div", {}, verdict("bad", nameOf(error), time), h("p", { class: "prose" }, error.message), error.data && view(error.data));
  const problem = result.isError ? problemIn(result) : undefined;
  if (problem) return h("div", {}, verdict("bad", `Tool error · ${problem.title ?? problem.code}`, time), ...problemDetails(problem, form), folded("Problem document", problem));
  const label = result.isError ? "Tool error" : "Result";
  return h("div", {}, verdict(result.isError ? "bad" : "good", label, time), ...contents(result));
}

const verdict = (state, text, ...more) => h("h2", { class: "verdict", "data-state": state }, text, ...more);

function nameOf(error) {
  if (error.name === "AbortError") return "Cancelled";
  if (!(error instanceof CallError)) return "No answer";
  return error.code === undefined ? "Refused" : `Protocol error ${error.code}`;
}

// The RFC 9457 document in a tool error's text.
function problemIn({ content = [] }) {
  const document = parsed(content.find(({ type }) => type === "text")?.text);
  return document?.detail !== undefined ? document : undefined;
}

function problemDetails({ detail, errors = [] }, form) {
  const items = errors.map(({ pointer = "", detail: what, expected, received }) => {
    form?.at(tokens(pointer)).mark(what);
    const more = [expected !== undefined && `expected ${text(expected)}`, received !== undefined && `received ${text(received)}`].filter(Boolean);
    return h("li", {}, h("code", {}, pointer || "the arguments"), " ", what, more.length > 0 && h("span", { class: "took" }, ` ${more.join(", ")}`));
  });
  return [h("p", { class: "prose" }, detail), items.length > 0 && h("ul", { class: "problems" }, ...items)];
}

const text = (value) => (typeof value === "string" ? value : encode(value));

const tokens = (pointer) => pointer.split("/").slice(1).map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));

function contents({ structuredContent, content = [] }) {
  const shown = [];
  if (structuredContent !== undefined) shown.push(view(structuredContent));
  const same = (item) => structuredContent !== undefined && item.type === "text" && equal(parsed(item.text), structuredContent);
  for (const item of content) {
    if (same(item)) shown.push(h("p", { class: "took" }, "The text for models is the same JSON."));
    else shown.push(contentItem(item));
  }
  return shown.length ? shown : [h("p", { class: "took" }, "Done; the tool returns nothing.")];
}

function contentItem(item) {
  if (item.type === "image") return h("img", { src: `data:${item.mimeType};base64,${item.data}`, alt: "image content" });
  if (item.type === "audio") return h("audio", { src: `data:${item.mimeType};base64,${item.data}`, controls: true });
  if (item.type !== "text") return view(item);
  const json = parsed(item.text);
  return json !== null && typeof json === "object" ? view(json) : h("pre", { tabindex: "0" }, item.text);
}

const folded = (title, value) => h("details", {}, h("summary", {}, title), view(value));

function parsed(source) {
  try {
    return parse(source);
  } catch {
    return undefined;
  }
}

const equal = (a, b) => a !== undefined && encode(a) === encode(b);
