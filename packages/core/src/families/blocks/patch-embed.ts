import type { Dim } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { conv2d } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { toImage, toTokens } from "./pixels";

/**
 * Patches of latents as tokens, row by row, https://arxiv.org/abs/2010.11929, section 3.1; g is the module's scope.
 * Rows and columns that do not fill a patch are left out.
 * @param latents `[B, C, H, W]` @returns `[B, h w, width]`, h and w the latents' size over the patch's
 */
export function embedPatches(g: Graph, latents: Value, width: number, patch: number): Value {
  return toTokens(g, conv2d(g, "proj", latents, width, patch, { stride: patch }));
}

/**
 * Patches as they are, channels last within one.
 * @param latents `[B, C, patch h, patch w]` @returns `[B, h w, patch * patch * C]`
 */
export function patchify(g: Graph, latents: Value, patch: number): Value {
  return toTokens(g, g.spaceToDepth(latents, patch));
}

/**
 * Tokens back to latents, channels last within a patch.
 * @param tokens `[B, h w, patch * patch * C]` @returns `[B, C, patch h, patch w]`
 */
export function unpatchify(
  g: Graph,
  tokens: Value,
  patch: number,
  [rows, columns]: readonly [rows: Dim, columns: Dim],
): Value {
  return g.depthToSpace(toImage(g, tokens, rows, columns), patch);
}
