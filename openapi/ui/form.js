// A form generated from a JSON Schema. It never judges: what a person enters
// goes to the service, whose own verdict is then shown beside each field.

import { h } from "./dom.js";
import { ChoiceField, ConstField, Field, RawField, TextField, ToggleField } from "./fields.js";
import { resolve, withoutNull } from "./schema.js";

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

class ObjectField extends Field {
  constructor(schema, options) {
    super(schema, options);
    const { required = [], properties = {} } = schema;
    this.fields = new Map();
    for (const [name, property] of Object.entries(properties)) {
      if (resolve(property, options.root).readOnly) continue;
      const field = createField(property, { root: options.root, name, required: required.includes(name) });
      field.element.hidden = options.shape && field instanceof ConstField; // the choice of the shape says it
      this.fields.set(name, field);
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
    item.row = h("li", {}, h("div", { class: "item-row" }, h("div", { class: "item" }, ...item.elements), remove));
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
    this.field = createField(this.shapes[i], { root: this.options.root, required: true, bare: "value", shape: true });
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
