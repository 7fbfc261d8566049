import { type InstalledPlugin, installedPlugins } from "@skipstep/core";
import { columns } from "./columns";
import { folderOf } from "./folder";
import type { Session } from "./session";

/** `skipstep plugins`: what a config in a folder could use. */
export function plugins(place: string | undefined, { json }: { readonly json?: true }, { terminal }: Session): void {
  const folder = folderOf(place);
  const document = installedPlugins(folder);
  terminal.show({ document, lines: pluginLines(document, folder) }, json);
}

function pluginLines(found: readonly InstalledPlugin[], folder: string): string[] {
  if (found.length === 0) return [`No plugins are installed for ${folder}.`];
  return columns(found.map(({ name, version, description }) => [name, version, description]));
}
