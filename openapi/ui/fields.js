// The fields of a form that hold one value. None of them judges.

import { h } from "./dom.js";
import { Num, encode, parse, pretty } from "./json.js";
import { describe, exampleHint, plain } from "./schema.js";

let lastID = 0;

/** What every field is: a label, a control, and room for what is wrong with it. */
export class Field {
  constructor(schema, options) {
    this.schema = schema;
    this.options = options;
    this.id = `field-${++lastID}`;
    this.problem = h("p", { class: "field-problem", id: this.id + "-problem", hidden: true });
    this.element = h("div", { class: "field" });
  }

  /** Lays out the label, the description and the control. */
  lay(control, { group = false, inLabel = false } = {}) {
    const { name, required, bare } = this.options;
    this.control = control;
    const about = this.schema.description;
    const aboutElement = about && !bare && h("p", { class: "field-about", id: this.id + "-about" }, about);
    control.setAttribute("aria-describedby", `${aboutElement ? aboutElement.id + " " : ""}${this.problem.id}`);
    if (!group) control.id = this.id;
    if (bare) control.setAttribute("aria-label", bare);
    const label = !bare && name !== undefined && this.#label(name, required, group);
    if (inLabel && label) {
      label.prepend(control);
      this.element.append(...[label, aboutElement, this.problem].filter(Boolean));
    } else if (group) {
      this.element = h("fieldset", { class: "field group" }, label, aboutElement, control, this.problem);
    } else {
      this.element.append(...[label, aboutElement, control, this.problem].filter(Boolean));
    }
  }

  #label(name, required, group) {
    const children = [
      h("span", { class: "field-name" }, name),
      required && h("span", { class: "field-required" }, "required"),
      h("span", { class: "field-kind" }, describe(this.schema)),
    ];
    return group ? h("legend", {}, ...children) : h("label", { for: this.id }, ...children);
  }

  /** The field at the tokens of a JSON Pointer, or the nearest around it. */
  at() {
    return this;
  }

  mark(message) {
    this.problem.textContent = this.problem.hidden ? message : `${this.problem.textContent} · ${message}`;
    this.problem.hidden = false;
    this.control?.setAttribute("aria-invalid", "true");
  }

  unmark() {
    this.problem.hidden = true;
    this.control?.removeAttribute("aria-invalid");
  }
}

export class TextField extends Field {
  constructor(schema, options) {
    super(schema, options);
    const long = schema.type === "string" && (schema.maxLength > 256 || schema.contentEncoding || schema.contentMediaType);
    const hint = schema.default !== undefined ? `default: ${plain(schema.default)}` : exampleHint(schema);
    const attributes = { placeholder: hint, spellcheck: "false", autocomplete: "off", autocapitalize: "off" };
    if (schema.type !== "string") attributes.inputmode = schema.type === "integer" ? "numeric" : "decimal";
    this.input = long ? h("textarea", { rows: "3", ...attributes }) : h("input", { type: "text", ...attributes });
    this.lay(this.input);
    if (options.required && schema.default === undefined && schema.examples?.length) this.fill(schema.examples[0]);
  }

  value() {
    const text = this.input.value;
    if (this.schema.type === "string") return text === "" && !this.options.required ? undefined : text;
    if (text.trim() === "") return undefined;
    return /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text.trim()) ? new Num(text.trim()) : text;
  }

  fill(value) {
    this.input.value = value === undefined ? "" : plain(value);
  }
}

export class ToggleField extends Field {
  constructor(schema, options) {
    super(schema, options);
    this.sure = options.required || schema.default !== undefined;
    if (this.sure) {
      this.input = h("input", { type: "checkbox", class: "toggle" });
      this.input.checked = schema.default === true;
    } else {
      this.input = h("select", {}, h("option", { value: "" }, "not given"), h("option", {}, "true"), h("option", {}, "false"));
    }
    this.lay(this.input, { inLabel: this.sure });
  }

  value() {
    if (!this.sure) return this.input.value === "" ? undefined : this.input.value === "true";
    const { checked } = this.input;
    return !this.options.required && checked === this.schema.default ? undefined : checked;
  }

  fill(value) {
    if (this.sure) this.input.checked = value ?? this.schema.default ?? false;
    else this.input.value = value === undefined ? "" : String(value);
  }
}

export class ChoiceField extends Field {
  constructor(schema, options) {
    super(schema, options);
    const absent = schema.default !== undefined ? `default: ${plain(schema.default)}` : options.required ? "choose one" : "not given";
    const choices = schema.enum.map((value, i) => h("option", { value: String(i) }, plain(value)));
    this.input = h("select", {}, h("option", { value: "" }, absent), ...choices);
    this.lay(this.input);
    if (options.required && schema.default === undefined && schema.examples?.length) this.fill(schema.examples[0]);
  }

  value() {
    return this.input.value === "" ? undefined : this.schema.enum[Number(this.input.value)];
  }

  fill(value) {
    const i = this.schema.enum.findIndex((choice) => encode(choice) === encode(value ?? null));
    this.input.value = i < 0 ? "" : String(i);
  }
}

export class ConstField extends Field {
  constructor(schema, options) {
    super(schema, options);
    this.lay(h("output", { class: "constant" }, plain(schema.const)));
  }

  value() {
    return this.schema.const;
  }

  fill() {}
}

/** Any JSON, where the schema says no more. */
export class RawField extends Field {
  constructor(schema, options) {
    super(schema, options);
    this.input = h("textarea", { rows: "3", class: "code", placeholder: "any JSON value", spellcheck: "false" });
    this.lay(this.input);
    if (options.required && schema.examples?.length) this.fill(schema.examples[0]);
  }

  value() {
    const text = this.input.value.trim();
    if (text === "") return undefined;
    try {
      return parse(text);
    } catch {
      return text; // the service tells what is wrong with it
    }
  }

  fill(value) {
    this.input.value = value === undefined ? "" : pretty(value);
  }
}
