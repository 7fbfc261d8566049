import type { RegionRequest, Structure, UNetStructure } from "@skipstep/core/plugin";
import { branchUnfit } from "./errors";

/** The reference numbers its branches so for every U-Net, whatever its blocks have. */
const BRANCHES_PER_LEVEL = 3;

/**
 * What a branch leaves out at reused steps: from the first down layer that it does not reach to the up layer before
 * the one it begins at. An up layer's second input, the skip, is what entered the mirrored down layer; so all skips
 * that this part makes are read inside it, and one tensor leaves it.
 *
 * @throws SKIPSTEP_PLUGIN_OPTION for a branch beyond the U-Net's
 */
export function deepLayers({ className, unet }: Structure, branch: number): RegionRequest[] {
  if (!unet) return []; // told by core, which asks for the feature
  const count = BRANCHES_PER_LEVEL * unet.levels.length;
  if (branch >= count) throw branchUnfit(branch, count - 1, className);
  const kept = keptLayers(unet, branch);
  const down = unet.levels.flatMap((level) => level.down);
  const up = unet.levels.flatMap((level) => level.up.toReversed());
  const from = down[kept - 1]?.[0] ?? unet.middle;
  const to = up[kept]?.at(-1) ?? unet.middle;
  return from && to ? [{ name: "deep", from, to }] : [];
}

/** Up layers that run at every step, counted from the output. Beyond a level's own layers it stays at all of them. */
function keptLayers({ levels }: UNetStructure, branch: number): number {
  const level = Math.floor(branch / BRANCHES_PER_LEVEL);
  const above = levels.slice(0, level).reduce((sum, { up }) => sum + up.length, 0);
  return above + Math.min((branch % BRANCHES_PER_LEVEL) + 1, levels[level]!.up.length);
}
