import { pathToFileURL } from "node:url";

export function isTypeScript(file: string): boolean {
  return /\.[cm]?tsx?$/.test(file);
}

/**
 * Imports a module as it was written, with what it imports from beside it. Node 20 reads no TypeScript, and no Node reads
 * decorators, so it goes through jiti; packages that it imports are the ones that this process has. Where core itself is
 * run from its sources, whoever does that reads TypeScript already.
 */
export async function importTypeScript(file: string): Promise<Readonly<Record<string, unknown>>> {
  if (isTypeScript(import.meta.url))
    return import(/* @vite-ignore */ /* webpackIgnore: true */ /* turbopackIgnore: true */ pathToFileURL(file).href);
  const { createJiti } = await import("jiti");
  return createJiti(import.meta.url, { fsCache: false, interopDefault: false }).import(file);
}
