import { configSchema, installedPlugins, locatePlugin } from "@skipstep/core";
import { columns } from "./columns";
import { folderOf } from "./folder";
import { codeRows } from "./plugin-code";
import type { Session } from "./session";
import { writeWhole } from "./write-file";

export interface SchemaOptions {
  readonly out?: string;
  /** False loads no code. */
  readonly plugins: boolean;
}

/** `skipstep schema`: JSON Schema of configs in a folder, for editors. Says first which code it loads. */
export async function schema(
  place: string | undefined,
  { out, plugins }: SchemaOptions,
  { terminal }: Session,
): Promise<void> {
  const folder = folderOf(place);
  const code = installedPlugins(folder).map(({ name }) => locatePlugin(name, folder));
  terminal.complain(columns(codeRows(code, plugins)));
  const document = await configSchema(folder, { plugins });
  if (out === undefined) return terminal.json(document);
  writeWhole(out, `${JSON.stringify(document, null, 2)}\n`);
  terminal.show({ document, lines: [out] });
}
