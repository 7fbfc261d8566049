import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { enclosingPackage, moduleFolders, type PackageFolder, readPackage } from "./package-json";

/** A plugin package that a config in some folder could use. */
export interface InstalledPlugin {
  /** Package name. */
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly folder: string;
}

/**
 * Packages that say they are plugins: by the keyword `skipstep-plugin`, or by a name that begins with
 * `@skipstep/plugin-` or `skipstep-plugin-`. Looks where Node would look from that folder; the nearest wins.
 */
export function installedPlugins(fromFolder: string): InstalledPlugin[] {
  const folder = path.resolve(fromFolder);
  const own = enclosingPackage(folder);
  const found = [...(own ? [own] : []), ...moduleFolders(folder).flatMap(packagesIn)].filter(isPlugin);
  const names = found.map(({ json }) => json.name);
  return found
    .filter(({ json }, i) => names.indexOf(json.name) === i)
    .map(({ folder: at, json }) => ({
      name: json.name!,
      version: json.version ?? "0.0.0",
      description: json.description ?? "",
      folder: at,
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function packagesIn(folder: string): PackageFolder[] {
  return namesIn(folder)
    .flatMap((name) =>
      name.startsWith("@") ? namesIn(path.join(folder, name)).map((inner) => path.join(name, inner)) : [name],
    )
    .flatMap((name) => readPackage(path.join(folder, name)) ?? []);
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith(".")) : [];
}

function isPlugin({ json: { name, keywords } }: PackageFolder): boolean {
  if (name === undefined) return false;
  return /^(@skipstep\/|skipstep-)plugin-/.test(name) || keywords?.includes("skipstep-plugin") === true;
}
