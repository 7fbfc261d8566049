import { realpathSync } from "node:fs";
import path from "node:path";
import { isHubName, parseHubName } from "../hub/hub-name";
import type { RecipeSource } from "./recipe-sources";

/**
 * Whether a list allows a source: files themselves, all below a folder, and of the hub a name with all that it holds
 * (`hf:owner/name` any of its revisions).
 * @param list paths from the working directory, and names on the hub
 * @throws SKIPSTEP_HUB_NAME
 */
export function isAllowed({ path: file, hub }: RecipeSource, list: readonly string[]): boolean {
  return list.some((entry) => {
    if (isHubName(entry)) return hub !== undefined && isBelow(hub, parseHubName(entry).text, ["@", "/"]);
    return file !== undefined && isBelow(file, realPath(path.resolve(entry)), [path.sep]);
  });
}

function isBelow(name: string, above: string, separators: readonly string[]): boolean {
  const whole = separators.some((separator) => above.endsWith(separator));
  return name === above || (whole ? name.startsWith(above) : separators.some((end) => name.startsWith(above + end)));
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file; // it allows what is not there
  }
}
