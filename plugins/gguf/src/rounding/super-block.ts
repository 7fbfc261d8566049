import { type AffineSearch, searchAffine } from "./affine-search";
import { type RoundedScales, roundScales, searchScales } from "./scale-search";
import { importanceWeights, meanSquare, sumOf } from "./weights";

/** With importance, all affine types search alike. */
const withImportance = { first: -0.9, step: 0.05, tries: 36, error: "square" } as const;

export interface SuperBlockOptions {
  /** Elements of a group. */
  readonly group: number;
  readonly search: AffineSearch;
  /** Largest code of scales and offsets: 15, 63. */
  readonly mostScale: number;
  /** Weights of a group's elements where no importance is known. */
  readonly weights: (group: Float32Array) => Float32Array;
  /** How much of the block's mean square is added to squares where importance is known. */
  readonly spread: number;
}

/** Scales and offsets of a block's groups: whole numbers, with one scale for each of the two. */
export function searchSuperBlock(
  values: Float32Array,
  importance: Float32Array | undefined,
  { group, search, mostScale, weights, spread }: SuperBlockOptions,
): { scales: RoundedScales; offsets: RoundedScales } {
  const count = values.length / group;
  const [scales, offsets, sums] = [new Float32Array(count), new Float32Array(count), new Float32Array(count)];
  const added = importance ? spread * meanSquare(values) : 0;
  for (let i = 0; i < count; i++) {
    const part = values.subarray(i * group, (i + 1) * group);
    const weight = importance
      ? importanceWeights(part, importance.subarray(i * group, (i + 1) * group), added)
      : weights(part);
    const found = searchAffine(part, weight, importance ? { ...search, ...withImportance } : search);
    scales[i] = found.scale;
    offsets[i] = found.offset;
    sums[i] = sumOf(weight);
  }
  const rounded = (list: Float32Array): RoundedScales =>
    importance ? searchScales(list, sums, mostScale) : roundScales(list, mostScale);
  return { scales: rounded(scales), offsets: rounded(offsets) };
}
