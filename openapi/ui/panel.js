// One tool: what it is, a form for its arguments, and what it answers.

import { copyButton, h } from "./dom.js";
import { createForm } from "./form.js";
import { parse, pretty, view } from "./json.js";
import { showResult } from "./result.js";

export const titleOf = (tool) => tool.title || tool.annotations?.title || tool.name;

export class ToolPanel {
  #abort = null;

  /** call(tool, arguments, options) is what Client.callTool is; twin links to the REST operation. */
  constructor(tool, { call, twin }) {
    Object.assign(this, { tool, callTool: call, twin });
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
      this.twin,
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
      const result = await this.callTool(this.tool, args, { signal, progress: (note) => this.#advance(note) });
      if (result.isError) signal.throwIfAborted(); // a session may still tell that the call was cancelled
      this.#end(showResult({ result, took: performance.now() - started, form: this.form }));
    } catch (error) {
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
