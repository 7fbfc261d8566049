import { readdirSync, statSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { outputUnwritable, usage } from "../errors";
import type { Session } from "../session";
import { writeWhole } from "../write-file";
import { pluginFiles } from "./plugin-files";

export interface NewPluginOptions {
  readonly name?: string;
  readonly json?: boolean;
}

/** `skipstep new plugin`: writes a package that is a plugin, with what it is tried, tested and built by. */
export async function newPlugin(place: string, options: NewPluginOptions, { terminal }: Session): Promise<void> {
  const folder = resolve(place);
  const { name = basename(folder).replace(/^skipstep-plugin-/, "") } = options;
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(name))
    throw usage(`A plugin's name has small letters, digits and "-", found "${name}". Give another folder or --name.`);
  if (!isFree(folder)) throw outputUnwritable(place, "it is there already, and not an empty folder");
  const files = pluginFiles(name);
  for (const [path, text] of Object.entries(files)) writeWhole(join(folder, path), text);
  const paths = Object.keys(files).map((path) => join(folder, path));
  const lines = [
    ...paths.map((path) => relative(process.cwd(), path)),
    `Next: cd ${relative(process.cwd(), folder) || "."} && npm install && npm run dev && npm test`,
  ];
  terminal.show({ document: { name, folder, files: paths }, lines }, options.json);
}

function isFree(folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found === undefined || (found.isDirectory() && readdirSync(folder).length === 0);
}
