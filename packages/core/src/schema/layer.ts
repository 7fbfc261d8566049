import type { Node } from "jsonc-parser";
import { isObject, type JsonObject, type JsonPath, toPointer, valueAt } from "./json";

/** One source of config values: a file, an object in code, an override. Later layers win. */
export interface Layer {
  /** Folder that relative paths start from. */
  readonly folder: string;
  /** Whether it is what says the value at a path. */
  has(path: JsonPath): boolean;
  /** `configs/emoji.json#/generate/seed` */
  nameOf(path: JsonPath): string;
  /** Where the values stand in a file's text. */
  readonly text?: FileText;
}

/** A file or an object: a layer that is merged with others. */
export interface ValueLayer extends Layer {
  readonly value: JsonObject;
}

export interface FileText {
  readonly root: Node;
  readonly content: string;
}

/** @param name of the file, or of what stands for it */
export function valueLayer(name: string, folder: string, content: JsonObject, text?: FileText): ValueLayer {
  const value = expandPlugins(content);
  return {
    folder,
    value,
    has: (path) => valueAt(value, path) !== undefined,
    nameOf: (path) => (path.length === 0 ? name : `${name}#${toPointer(path)}`),
    ...(text ? { text } : {}),
  };
}

/** `"fbcache"` is short for `{ "use": "fbcache" }`. */
export function expandPlugins(config: JsonObject): JsonObject {
  if (!Array.isArray(config.plugins)) return config;
  return {
    ...config,
    plugins: config.plugins.map((entry: unknown) => (typeof entry === "string" ? { use: entry } : entry)),
  };
}

/** Objects are merged key by key; lists and single values are replaced, and a scheduler of another type as a whole. */
export function mergeLayers(layers: readonly ValueLayer[]): JsonObject {
  return layers.reduce<JsonObject>((merged, { value }) => merge(merged, value), {});
}

function merge(below: JsonObject, above: JsonObject): JsonObject {
  const keys = new Set([...Object.keys(below), ...Object.keys(above)]);
  // fromEntries, because an assignment to "__proto__" would not make a key
  return Object.fromEntries([...keys].map((key) => [key, mergeKey(key, below, above)]));
}

function mergeKey(key: string, below: JsonObject, above: JsonObject): unknown {
  if (!Object.hasOwn(above, key)) return below[key];
  if (!Object.hasOwn(below, key)) return above[key];
  const [old, fresh] = [below[key], above[key]];
  if (!isObject(old) || !isObject(fresh)) return fresh;
  if (key === "scheduler" && fresh.type !== undefined && fresh.type !== old.type) return fresh;
  return merge(old, fresh);
}

/** The strongest layer that says a value; for what none says, the one that says what it is missing from. */
export function ownerOf(layers: readonly Layer[], config: JsonObject, path: JsonPath): Layer {
  let known = path;
  while (valueAt(config, known) === undefined || !layers.some((layer) => layer.has(known))) known = known.slice(0, -1);
  return layers.findLast((layer) => layer.has(known))!;
}

/** 1-based line and column of a value, or of the nearest one around it. */
export function placeIn({ text }: Layer, path: JsonPath): { line: number; column: number } | undefined {
  if (!text) return undefined;
  let node: Node = text.root;
  for (const key of path) {
    const inner = childOf(node, key);
    if (!inner) break;
    node = inner;
  }
  return placeOf(text.content, node.parent?.type === "property" ? node.parent.offset : node.offset);
}

/** 1-based line and column of an offset. */
export function placeOf(content: string, offset: number): { line: number; column: number } {
  const lines = content.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: lines.length, column: lines.at(-1)!.length + 1 };
}

function childOf(node: Node, key: string | number): Node | undefined {
  if (node.type === "array") return node.children?.[Number(key)];
  return node.children?.find(({ children }) => children?.[0]?.value === key)?.children?.[1];
}
