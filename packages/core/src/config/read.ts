import { realpath } from "node:fs/promises";
import path from "node:path";
import { type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { readSmallText } from "../disk/read-small-file";
import { configCircle, configUnreadable } from "../errors/config";
import { SkipstepError } from "../errors/error";
import { type Finding, findingOf, invalid, whereIs } from "../schema/finding";
import { isObject, type JsonObject } from "../schema/json";
import { placeOf, type ValueLayer, valueLayer } from "../schema/layer";
import { excessIn } from "../schema/parse-json";

/** A config and all that it extends, weakest first. */
export interface Reading {
  readonly layers: readonly ValueLayer[];
  readonly findings: readonly Finding[];
}

/**
 * Reads a config file (JSON with comments and trailing commas) and the files that it extends.
 * @throws SKIPSTEP_CONFIG_UNREADABLE when there is no such file
 */
export async function readConfig(file: string): Promise<Reading> {
  return readFrom(path.resolve(file), []);
}

/** The layers of an object made in code. @param folder that its paths start from */
export async function readObject(value: JsonObject, folder: string): Promise<Reading> {
  return withParents(valueLayer("config", path.resolve(folder), value), []);
}

async function readFrom(file: string, chain: readonly string[]): Promise<Reading> {
  const name = displayName(file);
  const { text, real } = await readText(file);
  if (chain.includes(real)) throw configCircle([...chain.slice(chain.indexOf(real)), real].map(displayName));
  const content = text.replace(/^\uFEFF/, " ");
  const excess = excessIn(content);
  if (excess) return { layers: [], findings: [{ ...invalid([], `${excess.message}.`), where: { name } }] };
  const errors: ParseError[] = [];
  const root = parseTree(content, errors, { allowTrailingComma: true });
  const findings = errors.map((error) => syntaxFinding(name, content, error));
  if (findings.length > 0) return { layers: [], findings };
  const repeated: Finding[] = [];
  const value = root && plainValue(root, name, content, repeated);
  if (!root || !isObject(value)) {
    return { layers: [], findings: [{ ...invalid([], "must hold one JSON object."), where: { name } }] };
  }
  const layer = valueLayer(name, path.dirname(file), value, { root, content });
  const { layers, findings: others } = await withParents(layer, [...chain, real]);
  return { layers, findings: [...repeated, ...others] };
}

/** @param chain real paths of the files on the way here */
async function withParents(layer: ValueLayer, chain: readonly string[]): Promise<Reading> {
  const parents = layer.value.extends;
  if (parents === undefined) return { layers: [layer], findings: [] };
  const layers: ValueLayer[] = [];
  const findings: Finding[] = [];
  for (const [i, parent] of [parents].flat().entries()) {
    const at = Array.isArray(parents) ? ["extends", i] : ["extends"];
    const where = whereIs(layer, at);
    if (typeof parent !== "string") {
      findings.push({ ...invalid(at, "must be the path of a config file, as a string."), where });
      continue;
    }
    try {
      const reading = await readFrom(path.resolve(layer.folder, parent), chain);
      layers.push(...reading.layers);
      findings.push(...reading.findings);
    } catch (error) {
      if (!(error instanceof SkipstepError)) throw error;
      findings.push({ ...findingOf(at, error), where });
    }
  }
  return { layers: [...layers, layer], findings };
}

async function readText(file: string): Promise<{ text: string; real: string }> {
  try {
    return { text: readSmallText(file), real: await realpath(file) };
  } catch (error) {
    throw configUnreadable(displayName(file), error);
  }
}

/** Relative to the working directory for what lies inside it. */
function displayName(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith("..") || path.isAbsolute(relative) ? file : relative.split(path.sep).join("/");
}

function syntaxFinding(name: string, content: string, { error, offset }: ParseError): Finding {
  const place = placeOf(content, offset);
  const expected = printParseErrorCode(error)
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase();
  return {
    ...invalid([], `is no JSON: ${expected}.`),
    where: { name: `${name}:${place.line}:${place.column}`, file: name, ...place },
  };
}

/** Like jsonc-parser's own, but keeps a key "__proto__" and tells of keys that stand there twice. */
function plainValue(node: Node, name: string, content: string, repeated: Finding[]): unknown {
  if (node.type === "array") return (node.children ?? []).map((item) => plainValue(item, name, content, repeated));
  if (node.type !== "object") return node.value;
  const entries = (node.children ?? []).map(({ children, offset }) => {
    const [key, value] = children as [Node, Node];
    return { key: key.value as string, value: plainValue(value, name, content, repeated), offset };
  });
  const seen = new Set<string>();
  for (const { key, offset } of entries) {
    if (seen.size < seen.add(key).size) continue;
    const place = placeOf(content, offset);
    repeated.push({
      ...invalid([], `has "${key}" twice. Keep one.`),
      where: { name: `${name}:${place.line}:${place.column}`, file: name, ...place },
    });
  }
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}
