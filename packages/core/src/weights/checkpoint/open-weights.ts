import { isFolder } from "../../disk/on-disk";
import type { OpenWeights } from "./weight-source";
import { Weights } from "./weights";

/**
 * Opens safetensors as they are stored, without any plugin's format. Whoever opens them closes them.
 * @param path one file, or a component's folder
 * @throws what `Weights.open` throws
 */
export function openWeights(path: string): OpenWeights {
  return isFolder(path) ? Weights.open(path) : Weights.openFile(path);
}
