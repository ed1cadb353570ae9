// The log of what travels: each request with its headers and body, then every
// message of the response as it arrives.

import { copyButton, h } from "./dom.js";
import { encode, view } from "./json.js";

const kept = 50; // exchanges; older ones are dropped

export class ExchangeLog {
  #cards = new Map(); // exchange → its card

  constructor(element) {
    this.element = element;
  }

  /** Shows an exchange, or what is new in it. */
  show(exchange) {
    let card = this.#cards.get(exchange);
    if (!card) {
      for (const older of this.#cards.values()) older.element.open = false;
      card = new Card(exchange);
      this.#cards.set(exchange, card);
      this.element.prepend(card.element);
      this.#dropOld();
    }
    card.update();
  }

  clear() {
    this.#cards.clear();
    this.element.replaceChildren();
  }

  #dropOld() {
    for (const [exchange, card] of this.#cards) {
      if (this.#cards.size <= kept) return;
      card.element.remove();
      this.#cards.delete(exchange);
    }
  }
}

class Card {
  #shown = 0;

  constructor(exchange) {
    this.exchange = exchange;
    this.state = h("span", { class: "state" }, "…");
    this.answers = h("div");
    const { message, headers } = exchange;
    this.element = h(
      "details",
      { class: "exchange-card", "data-method": message.method ?? "response" },
      h("summary", {}, h("span", { class: "rpc" }, titleOf(message)), this.state),
      h("h3", { class: "out" }, "Request"),
      headerList({ [`POST ${new URL(mcpURL()).pathname}`]: "", ...masked(headers) }),
      view(message),
      copyButton("Copy as curl", () => curl(exchange)),
      this.answers,
    );
    if (message.method === "tools/call") this.element.open = true;
  }

  update() {
    const { response, received, failure, ended, started } = this.exchange;
    if (response && !this.head) {
      const headers = Object.fromEntries(response.headers);
      this.head = h("div", {}, h("h3", { class: "in" }, "Response"), headerList({ [`${response.status} ${response.statusText}`]: "", ...headers }));
      this.answers.append(this.head);
    }
    for (; this.#shown < received.length; this.#shown++) {
      this.answers.append(messageView(received[this.#shown]));
    }
    if (ended === undefined) return;
    if (failure && failure.name !== "AbortError") this.element.open = true;
    const outcome = failure?.name === "AbortError" ? "cancelled" : (response?.status ?? "failed");
    this.state.textContent = `${outcome} · ${Math.round(ended - started)} ms`;
    this.state.dataset.state = response?.ok && !failure ? "good" : "bad";
  }
}

// Notifications come in numbers: each is a line until it is opened.
function messageView({ at, text, message }) {
  const time = `+${Math.round(at)} ms`;
  const body = message === undefined ? h("pre", { tabindex: "0" }, text) : view(message);
  if (!message?.method) return h("div", { class: "received" }, h("span", { class: "took" }, time), body);
  const { progress, total, message: words } = message.params ?? {};
  const gist = [time, message.method, progress !== undefined && encode(progress) + (total ? `/${encode(total)}` : ""), words];
  return h("details", { class: "received" }, h("summary", { class: "took" }, gist.filter(Boolean).join(" · ")), body);
}

function titleOf({ method, params }) {
  if (!method) return "response to the server";
  return params?.name ? `${method} ${params.name}` : method;
}

function headerList(headers) {
  const rows = Object.entries(headers).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)));
  return h("dl", { class: "headers", tabindex: "0" }, ...rows);
}

const mcpURL = () => new URL(document.body.dataset.mcpUrl, location.href).href;

// A key must not stand in a screenshot.
const masked = ({ Authorization, ...headers }) => ({ ...headers, ...(Authorization && { Authorization: "Bearer ••••••" }) });

function curl({ message, headers }) {
  const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const { Authorization, ...open } = headers;
  const lines = Object.entries(open).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`);
  if (Authorization) lines.push(`-H "Authorization: Bearer $API_KEY"`);
  return [`curl -N ${quote(mcpURL())}`, ...lines, `--data ${quote(encode(message))}`].join(" \\\n  ");
}
