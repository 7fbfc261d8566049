import { hookFailed } from "../errors/plugins";
import type { LoadedPlugin } from "./host";

/**
 * Whether with a plugin each image of a batch comes out as it would alone, whichever others are drawn beside it.
 * @throws SKIPSTEP_HOOK_FAILED for a plugin whose manifest cannot say it
 */
export function isBatchInvariant({
  name,
  manifest,
  options,
}: Pick<LoadedPlugin, "name" | "manifest" | "options">): boolean {
  const { batchInvariant = false } = manifest;
  if (typeof batchInvariant !== "function") return batchInvariant;
  try {
    return batchInvariant(options);
  } catch (error) {
    throw hookFailed(name, "batchInvariant", error);
  }
}
