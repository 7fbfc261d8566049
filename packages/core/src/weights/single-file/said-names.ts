import { basename } from "node:path";
import type { StoredFile } from "./stored-file";

/** What people call a file: its name, and the titles in its header. Models whose tensors are alike are told by it. */
export function saidNames(file: string, { metadata }: StoredFile): string {
  return [basename(file), metadata["general.name"] ?? "", metadata["modelspec.title"] ?? ""].join(" ");
}
