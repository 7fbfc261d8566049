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
  const { scale = 1, ...said } = typeof entry === "string" ? named(entry, allowed) : entry;
  if (said.path === undefined && said.name === undefined) return 'needs a "path", or a "name" of request_loras';
  if (!allowed) {
    if (said.path === undefined) return `is "${said.name}", and the config's request_loras names none`;
    return { path: path.resolve(folder, said.path), scale };
  }
  const own = said.path === undefined ? undefined : path.resolve(folder, said.path);
  const found = Object.entries(allowed).find(([name, file]) =>
    said.name === undefined ? file === own : name === said.name && (own === undefined || file === own),
  );
  if (!found)
    return `is "${said.name ?? said.path}", which request_loras does not allow. It allows: ${list(Object.keys(allowed))}`;
  return { name: found[0], path: String(found[1]), scale };
}

function named(text: string, allowed: Readonly<Record<string, unknown>> | undefined): Partial<RequestLora> {
  return allowed && Object.hasOwn(allowed, text) ? { name: text } : { path: text };
}
