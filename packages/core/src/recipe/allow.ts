import path from "node:path";
import { realPath } from "../disk/on-disk";
import { isHubName, parseHubName } from "../hub/hub-name";
import type { RecipeSource } from "./recipe-sources";

/**
 * Whether a list allows a source: files themselves, all below a folder, and of the hub a name with all that it holds.
 * `hf:owner/name` stands for any branch, tag or commit, and not for what others proposed (`@refs/pr/1`).
 * @param list paths from the working directory, and names on the hub
 * @throws SKIPSTEP_HUB_NAME
 */
export function isAllowed({ path: file, hub }: RecipeSource, list: readonly string[]): boolean {
  return list.some((entry) => {
    if (!isHubName(entry)) return file !== undefined && isBelow(file, entry);
    const { text } = parseHubName(entry);
    if (hub === undefined || !hub.startsWith(text)) return false;
    const rest = hub.slice(text.length);
    return rest === "" || rest.startsWith("/") || (rest.startsWith("@") && !rest.startsWith("@refs/"));
  });
}

/** Whether the user's own config reads a source. Of the hub, another revision is another model. */
export function isOwn({ path: file, hub }: RecipeSource, places: readonly string[]): boolean {
  return places.some((place) => (isHubName(place) ? hub === place : file !== undefined && isBelow(file, place)));
}

/** Links are followed. What is not there may be allowed too. */
function isBelow(file: string, entry: string): boolean {
  const above = realPath(path.resolve(entry));
  return file === above || file.startsWith(above.endsWith(path.sep) ? above : above + path.sep);
}
