import { configSchema } from "@skipstep/core";
import { folderOf } from "./folder";
import type { Session } from "./session";
import { writeWhole } from "./write-file";

/** `skipstep schema`: JSON Schema of configs in a folder, for editors. */
export async function schema(
  place: string | undefined,
  { out }: { readonly out?: string },
  { terminal }: Session,
): Promise<void> {
  const document = await configSchema(folderOf(place));
  if (out === undefined) return terminal.json(document);
  writeWhole(out, `${JSON.stringify(document, null, 2)}\n`);
  terminal.show({ document, lines: [out] });
}
