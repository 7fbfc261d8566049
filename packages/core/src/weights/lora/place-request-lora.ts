import path from "node:path";
import { list } from "../../errors/nearest";
import type { RequestLora, RequestLoraInput } from "./lora";

/**
 * Writes a LoRA of a generation in full, with an absolute path.
 * @param allowed files by name, absolute; any file where there is none
 * @param folder where paths start from
 * @returns what is wrong with it, in words that follow its name
 */
export function placeRequestLora(
  entry: RequestLoraInput,
  allowed: Readonly<Record<string, unknown>> | undefined,
  folder: string,
): RequestLora | string {
  const { scale = 1, ...said } = typeof entry === "string" ? { path: entry } : entry;
  if (said.path === undefined && said.name === undefined) return 'needs a "path", or a "name" of request_loras';
  if (!allowed) {
    if (said.path === undefined) return `is "${said.name}", and the config's request_loras names none`;
    return { path: path.resolve(folder, said.path), scale };
  }
  const { name, path: place } = named(said, allowed);
  const own = place === undefined ? undefined : path.resolve(folder, place);
  const found = Object.entries(allowed).find(([other, file]) =>
    name === undefined ? file === own : other === name && (own === undefined || file === own),
  );
  if (!found)
    return `is "${said.name ?? said.path}", which request_loras does not allow. It allows: ${list(Object.keys(allowed))}`;
  return { name: found[0], path: String(found[1]), scale };
}

/** What is called a path may be a name: a text alone, or one with a scale behind it. */
function named(said: Partial<RequestLora>, allowed: Readonly<Record<string, unknown>>): Partial<RequestLora> {
  const { name, path: text } = said;
  return name === undefined && text !== undefined && Object.hasOwn(allowed, text) ? { name: text } : said;
}
