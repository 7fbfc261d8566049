import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/**
 * Makes a checkpoint of another pipeline's components: links to them, and a model_index.json of its own.
 * @param folders where its components are looked for; the first that has one counts
 */
export function linkedModel(model: string, className: string, folders: readonly string[]): void {
  const index = folders.map((folder) => join(folder, "model_index.json")).find((file) => existsSync(file))!;
  const written = { ...JSON.parse(readFileSync(index, "utf8")), _class_name: className };
  writeFileSync(join(model, "model_index.json"), JSON.stringify(written));
  for (const name of Object.keys(written).filter((key) => !key.startsWith("_"))) {
    const folder = folders.map((path) => join(path, name)).find((path) => existsSync(path));
    if (!folder) continue;
    mkdirSync(join(model, name));
    for (const file of readdirSync(folder)) symlinkSync(resolve(folder, file), join(model, name, file));
  }
}

/** Runs with such a checkpoint, which is gone afterwards. */
export async function withLinkedModel(
  className: string,
  folders: readonly string[],
  run: (model: string) => Promise<void>,
): Promise<void> {
  const model = mkdtempSync(join(tmpdir(), "skipstep-linked-"));
  try {
    linkedModel(model, className, folders);
    await run(model);
  } finally {
    await rm(model, { recursive: true });
  }
}
