import { most } from "../../architecture/config-option";
import { type PerLevel, perLevel } from "../../architecture/per-level";
import type { OptionSchemas } from "../../schema/option";

/** Transformer blocks in each attention of a U-Net: one number for all levels, one a level, or one an attention. */

export interface DepthOptions {
  readonly transformer_layers_per_block: number | readonly PerLevel<number>[];
  /** Of the up blocks, in running order; null mirrors the down blocks. */
  readonly reverse_transformer_layers_per_block: readonly PerLevel<number>[] | null;
}

/** Transformer blocks by block, then by attention, in running order. */
export interface TransformerDepths {
  readonly down: readonly (readonly number[])[];
  readonly middle: number;
  readonly up: readonly (readonly number[])[];
}

const depth = { minimum: 0, maximum: most.layers };
const lists = {
  minItems: 1,
  maxItems: most.levels,
  items: {
    type: ["integer", "array"],
    ...depth,
    minItems: 1,
    maxItems: most.layers,
    items: { type: "integer", ...depth },
  },
};

export const depthOptions: OptionSchemas<DepthOptions> = {
  transformer_layers_per_block: { type: ["integer", "array"], ...depth, ...lists, default: 1 },
  reverse_transformer_layers_per_block: { type: ["array", "null"], ...lists, default: null },
};

/** @param layers residual blocks of each down block */
export function depthProblems(options: DepthOptions, layers: readonly number[]): string[] {
  const { transformer_layers_per_block: down, reverse_transformer_layers_per_block: up } = options;
  const problems = tooShort("transformer_layers_per_block", down, layers);
  if (up) return [...problems, ...tooShort("reverse_transformer_layers_per_block", up, upLayers(layers))];
  return isNested(down)
    ? [
        ...problems,
        '"reverse_transformer_layers_per_block" must be given beside lists in "transformer_layers_per_block"',
      ]
    : problems;
}

/** @param layers residual blocks of each down block */
export function transformerDepths(options: DepthOptions, layers: readonly number[]): TransformerDepths {
  const { transformer_layers_per_block, reverse_transformer_layers_per_block } = options;
  const down = perLevel<PerLevel<number>>(transformer_layers_per_block, layers.length);
  const up = reverse_transformer_layers_per_block ?? [...down].reverse();
  const byAttention = (depths: readonly PerLevel<number>[], counts: readonly number[]): (readonly number[])[] =>
    depths.map((depth, i) => perLevel(depth, counts[i]!));
  return {
    down: byAttention(down, layers),
    middle: perLevel(down.at(-1)!, 1)[0]!,
    up: byAttention(up, upLayers(layers)),
  };
}

/** Residual blocks of each up block. */
function upLayers(layers: readonly number[]): number[] {
  return layers.map((count) => count + 1).reverse();
}

function isNested(depths: DepthOptions["transformer_layers_per_block"]): boolean {
  return typeof depths !== "number" && depths.some((depth) => typeof depth !== "number");
}

function tooShort(option: string, depths: number | readonly PerLevel<number>[], counts: readonly number[]): string[] {
  return perLevel<PerLevel<number>>(depths, counts.length).flatMap((depth, i) =>
    typeof depth === "number" || depth.length >= counts[i]!
      ? []
      : [`"${option}" (at ${i}) must have an entry for each of ${counts[i]} layers, found ${depth.length}`],
  );
}
