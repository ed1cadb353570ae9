// A form generated from a JSON Schema. It never judges: what a person enters
// goes to the service, whose own verdict is then shown beside each field.

import { h } from "./dom.js";
import { Num, encode, parse, pretty } from "./json.js";

let lastID = 0;

/** Returns the form of an arguments object. */
export const createForm = (schema) => new ObjectField(schema, { root: schema, required: true, top: true });

// Makes the field that suits the schema, for a property or an item.
function createField(schema, options) {
  const resolved = resolve(schema, options.root);
  const { bare, nullable } = withoutNull(resolved, options.root);
  const Kind = kindOf(bare);
  const inner = () => new Kind(bare, { ...options, required: true, bare: options.bare ?? options.name });
  if (nullable) return new NullableField(inner, bare, options);
  const nested = [ObjectField, MapField, UnionField].includes(Kind);
  return nested && !options.required ? new OptionalField(inner, bare, options) : new Kind(bare, options);
}

function kindOf(schema) {
  if ("const" in schema) return ConstField;
  if (schema.enum) return ChoiceField;
  if (schema.oneOf || schema.anyOf) return UnionField;
  switch (schema.type) {
    case "string":
    case "integer":
    case "number":
      return TextField;
    case "boolean":
      return ToggleField;
    case "array":
      return ListField;
    case "object":
      if (schema.properties) return ObjectField;
      return schema.additionalProperties && typeof schema.additionalProperties === "object" ? MapField : RawField;
  }
  return RawField;
}

// Follows references below the schema's root; other words beside $ref stay.
function resolve(schema, root) {
  if (typeof schema !== "object" || schema === null) return {};
  for (let hops = 0; schema.$ref?.startsWith("#") && hops < 8; hops++) {
    const { $ref, ...rest } = schema;
    const path = $ref.slice(1).split("/").slice(1).map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"));
    const target = path.reduce((at, part) => at?.[part], root);
    if (typeof target !== "object") return rest;
    schema = { ...target, ...rest };
  }
  return schema;
}

// Takes null out of a schema's types, values and alternatives.
function withoutNull(schema, root) {
  if (Array.isArray(schema.type)) {
    const types = schema.type.filter((type) => type !== "null");
    const values = schema.enum?.filter((value) => value !== null);
    const bare = { ...schema, type: types.length === 1 ? types[0] : types, ...(values && { enum: values }) };
    return { bare, nullable: types.length < schema.type.length };
  }
  const word = schema.oneOf ? "oneOf" : "anyOf";
  const others = schema[word]?.filter((option) => option.type !== "null");
  if (!others || others.length === schema[word].length) return { bare: schema, nullable: false };
  const { [word]: _, ...rest } = schema;
  const bare = others.length === 1 ? { ...resolve(others[0], root), ...rest } : { ...rest, [word]: others };
  return { bare, nullable: true };
}

/** What every field is: a label, a control, and room for what is wrong with it. */
class Field {
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

class TextField extends Field {
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

class ToggleField extends Field {
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

class ChoiceField extends Field {
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

class ConstField extends Field {
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
class RawField extends Field {
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

class ObjectField extends Field {
  constructor(schema, options) {
    super(schema, options);
    const { required = [], properties = {} } = schema;
    this.fields = new Map();
    for (const [name, property] of Object.entries(properties)) {
      if (resolve(property, options.root).readOnly) continue;
      this.fields.set(name, createField(property, { root: options.root, name, required: required.includes(name) }));
    }
    const body = h("div", { class: "fields" }, ...[...this.fields.values()].map((field) => field.element));
    if (this.fields.size === 0) body.append(h("p", { class: "field-about" }, "It takes no arguments."));
    if (options.top) {
      this.control = body;
      this.element = h("div", {}, body, this.problem);
    } else {
      this.lay(body, { group: true });
    }
  }

  value() {
    const entries = [...this.fields].map(([name, field]) => [name, field.value()]);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  }

  fill(value = {}) {
    for (const [name, field] of this.fields) field.fill(value?.[name]);
  }

  at([name, ...rest]) {
    return this.fields.get(name)?.at(rest) ?? this;
  }

  unmark() {
    super.unmark();
    for (const field of this.fields.values()) field.unmark();
  }
}

/** A list of fields with a button that adds one and one each that removes it. */
class ListField extends Field {
  constructor(schema, options) {
    super(schema, options);
    this.items = [];
    this.list = h("ol", { class: "items" });
    const add = h("button", { type: "button", class: "quiet", onclick: () => this.add().focus() }, "Add an item");
    this.lay(h("div", {}, this.list, add), { group: true });
    for (let n = 0; n < Math.min(schema.minItems ?? 0, 3); n++) this.add();
  }

  add(value) {
    const item = this.newItem();
    const remove = h("button", { type: "button", class: "quiet", "aria-label": "Remove this item" }, "Remove");
    item.row = h("li", {}, h("div", { class: "item" }, ...item.elements), remove);
    remove.addEventListener("click", () => this.remove(item));
    this.items.push(item);
    this.list.append(item.row);
    if (value !== undefined) item.fill(value);
    return { focus: () => item.row.querySelector("input, select, textarea, button")?.focus() };
  }

  newItem() {
    const number = this.items.length + 1;
    const label = `${this.options.name ?? "item"} ${number}`;
    const field = createField(this.schema.items ?? {}, { root: this.options.root, required: true, bare: label });
    return { field, elements: [field.element], fill: (value) => field.fill(value) };
  }

  remove(item) {
    this.items.splice(this.items.indexOf(item), 1);
    item.row.remove();
  }

  clear() {
    for (const item of [...this.items]) this.remove(item);
  }

  value() {
    const values = this.items.map((item) => item.field.value() ?? null);
    return values.length === 0 && !this.options.required ? undefined : values;
  }

  fill(values) {
    this.clear();
    for (const value of Array.isArray(values) ? values : []) this.add(value);
  }

  at([index, ...rest]) {
    return this.items[Number(index)]?.field.at(rest) ?? this;
  }

  unmark() {
    super.unmark();
    for (const item of this.items) item.field.unmark();
  }
}

/** A list of keys with their values. */
class MapField extends ListField {
  newItem() {
    const key = h("input", { type: "text", placeholder: "key", "aria-label": "key" });
    const field = createField(this.schema.additionalProperties, { root: this.options.root, required: true, bare: "value" });
    const fill = ([name, value]) => {
      key.value = name;
      field.fill(value);
    };
    return { key, field, elements: [key, field.element], fill };
  }

  value() {
    return Object.fromEntries(this.items.map(({ key, field }) => [key.value, field.value() ?? null]));
  }

  fill(value) {
    this.clear();
    for (const entry of Object.entries(value ?? {})) this.add(entry);
  }

  at([name, ...rest]) {
    return this.items.find((item) => item.key.value === name)?.field.at(rest) ?? this;
  }
}

/** One of several shapes, chosen by a select. */
class UnionField extends Field {
  constructor(schema, options) {
    super(schema, options);
    this.shapes = (schema.oneOf ?? schema.anyOf).map((shape) => resolve(shape, options.root));
    const choices = this.shapes.map((shape, i) => h("option", { value: String(i) }, this.#nameOf(shape, i)));
    this.select = h("select", { "aria-label": "shape", onchange: () => this.show(Number(this.select.value)) }, ...choices);
    this.room = h("div", { class: "fields" });
    this.lay(h("div", { class: "fields" }, this.select, this.room), { group: true });
    this.show(0);
  }

  #nameOf(shape, i) {
    const tag = this.#tagOf(shape);
    return tag ?? shape.title ?? `shape ${i + 1}`;
  }

  #tagOf(shape) {
    const { discriminator } = this.schema;
    const properties = Object.entries(shape.properties ?? {});
    const found = properties.find(([name, { const: value }]) => (discriminator ? name === discriminator.propertyName : value !== undefined));
    return found?.[1].const ?? found?.[1].enum?.[0];
  }

  show(i) {
    this.select.value = String(i);
    this.field = createField(this.shapes[i], { root: this.options.root, required: true, bare: "value" });
    this.room.replaceChildren(this.field.element);
  }

  value() {
    return this.field.value();
  }

  fill(value) {
    if (value === undefined) return;
    const match = this.shapes.findIndex((shape) => {
      const constants = Object.entries(shape.properties ?? {}).filter(([, property]) => "const" in property);
      return constants.length > 0 && constants.every(([name, property]) => value?.[name] === property.const);
    });
    this.show(Math.max(match, 0));
    this.field.fill(value);
  }

  at(tokens) {
    return tokens.length ? this.field.at(tokens) : this;
  }

  unmark() {
    super.unmark();
    this.field.unmark();
  }
}

/** A nested value that is made, and sent, only when its box is ticked. */
class OptionalField extends Field {
  constructor(make, schema, options) {
    super(schema, options);
    this.make = make;
    this.box = h("input", { type: "checkbox", class: "toggle", onchange: () => this.give(this.box.checked) });
    this.lay(this.box, { inLabel: true });
    this.room = h("div");
    this.element.append(this.room);
  }

  give(given) {
    this.box.checked = given;
    this.inner = given ? (this.inner ?? this.make()) : this.inner;
    this.room.replaceChildren(...(given ? [this.inner.element] : []));
  }

  value() {
    return this.box.checked ? this.inner.value() : undefined;
  }

  fill(value) {
    this.give(value !== undefined);
    if (value !== undefined) this.inner.fill(value);
  }

  at(tokens) {
    return this.box.checked && tokens.length ? this.inner.at(tokens) : this;
  }

  unmark() {
    super.unmark();
    this.inner?.unmark();
  }
}

/** A value that may be null, which is not the same as not being given. */
class NullableField extends Field {
  constructor(make, schema, options) {
    super(schema, options);
    const states = options.required ? ["a value", "null"] : ["not given", "a value", "null"];
    this.select = h("select", { onchange: () => this.give(this.select.value) }, ...states.map((state) => h("option", {}, state)));
    this.make = make;
    this.room = h("div");
    this.lay(this.select);
    this.element.append(this.room);
    this.give(states[0]);
  }

  give(state) {
    this.select.value = state;
    this.inner = state === "a value" ? (this.inner ?? this.make()) : undefined;
    this.room.replaceChildren(...(this.inner ? [this.inner.element] : []));
  }

  value() {
    if (this.select.value === "null") return null;
    return this.inner?.value();
  }

  fill(value) {
    this.give(value === undefined ? this.select.options[0].value : value === null ? "null" : "a value");
    if (value !== undefined && value !== null) this.inner.fill(value);
  }

  at(tokens) {
    return this.inner && tokens.length ? this.inner.at(tokens) : this;
  }

  unmark() {
    super.unmark();
    this.inner?.unmark();
  }
}

/** A value as a person would write it. */
const plain = (value) => (typeof value === "string" ? value : encode(value));

const exampleHint = ({ examples }) => (examples?.length ? `such as ${plain(examples[0])}` : undefined);

/** A schema's type and constraints in one line. */
export function describe(schema) {
  const { type, format, items } = schema;
  const words = [Array.isArray(type) ? type.join(" or ") : (type ?? "any")];
  if (type === "array" && items?.type) words[0] = `list of ${items.type}`;
  if (format) words.push(format);
  words.push(
    range(unlessNatural(schema.minimum), unlessNatural(schema.maximum), ""),
    schema.exclusiveMinimum !== undefined && `> ${plain(schema.exclusiveMinimum)}`,
    schema.exclusiveMaximum !== undefined && `< ${plain(schema.exclusiveMaximum)}`,
    range(schema.minLength, schema.maxLength, "characters"),
    range(schema.minItems, schema.maxItems, "items"),
    schema.multipleOf !== undefined && `multiple of ${plain(schema.multipleOf)}`,
    schema.pattern && `/${schema.pattern}/`,
    schema.deprecated && "deprecated",
  );
  return words.filter(Boolean).join(" · ");
}

// What an int64 or a uint64 cannot pass anyway is not worth telling.
const unlessNatural = (limit) => (/^(-?92233720368547758\d\d|18446744073709551615)$/.test(limit?.text) ? undefined : limit);

function range(least, most, unit) {
  if (least === undefined && most === undefined) return undefined;
  const text = least === undefined ? `≤ ${plain(most)}` : most === undefined ? `≥ ${plain(least)}` : `${plain(least)}–${plain(most)}`;
  return unit ? `${text} ${unit}` : text;
}
