// JSON for people: numbers keep the text in which they came, so that an int64
// shows and travels exactly, and values are rendered with their kinds marked.

/** A number that a double would not give back as it was written. */
export class Num {
  constructor(text) {
    this.text = text;
  }
}

/** Parses JSON text. Browsers that do not tell a number's source round it. */
export function parse(text) {
  return JSON.parse(text, (_, value, context) => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined) return value;
    return String(value) === source ? value : new Num(source);
  });
}

/** Encodes a value; step is the indentation of one level, "" for compact. */
export function encode(value, step = "", indent = "") {
  if (value instanceof Num) return value.text;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const list = Array.isArray(value);
  const inner = indent + step;
  const parts = list
    ? value.map((item) => encode(item ?? null, step, inner))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => JSON.stringify(key) + (step ? ": " : ":") + encode(item, step, inner));
  const [open, close] = list ? "[]" : "{}";
  if (parts.length === 0) return open + close;
  if (!step) return open + parts.join(",") + close;
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent}${close}`;
}

/** Encodes a value for reading. */
export const pretty = (value) => encode(value, "  ");

const token = /("(?:\\.|[^"\\])*")(\s*:)?|-?\d[\d.eE+-]*|\b(?:true|false|null)\b/g;

/** Returns a pre element that shows a value. */
export function view(value) {
  const pre = document.createElement("pre");
  pre.className = "json";
  pre.tabIndex = 0;
  const text = pretty(value);
  let from = 0;
  for (const match of text.matchAll(token)) {
    pre.append(text.slice(from, match.index), mark(match));
    from = match.index + match[0].length;
  }
  pre.append(text.slice(from));
  return pre;
}

function mark([text, string, colon]) {
  const span = document.createElement("span");
  if (colon) span.className = "j-key";
  else if (string) span.className = "j-string";
  else if (/^[-\d]/.test(text)) span.className = "j-number";
  else span.className = "j-literal";
  span.textContent = text;
  return span;
}
