import type { PluginCode } from "@skipstep/core";

/** Modules of plugins, one a row: what was loaded, or would be without `--no-plugins`. */
export function codeRows(code: readonly PluginCode[], isLoading: boolean): string[][] {
  return code.map((module) => [isLoading ? "code" : "would load", codeText(module)]);
}

/** `@skipstep/plugin-fbcache 0.1.0 (/home/me/node_modules/@skipstep/plugin-fbcache/dist/index.js)` */
function codeText({ package: name, version, file }: PluginCode): string {
  return name === undefined ? file : `${name} ${version} (${file})`;
}
