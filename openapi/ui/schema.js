// What a JSON Schema says, as a form needs to know it.

import { encode } from "./json.js";

/** Follows references below the schema's root; other words beside $ref stay. */
export function resolve(schema, root) {
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

/** Takes null out of a schema's types, values and alternatives. */
export function withoutNull(schema, root) {
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

/** A value as a person would write it. */
export const plain = (value) => (typeof value === "string" ? value : encode(value));

export const exampleHint = ({ examples }) => (examples?.length ? `such as ${plain(examples[0])}` : undefined);

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
