import { most } from "../../architecture/config-option";
import { modelOptions } from "../../errors/models";
import type { Dim } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import type { Value } from "../../graph/value";
import { integer, list, type OptionSchema } from "../../schema/option";
import { type Floats, floats } from "../../tensor";

/** Cosines and sines of the angles that tokens are turned by, https://arxiv.org/abs/2104.09864. `[1, T, D/2]` each. */
export interface RotaryTables {
  readonly cos: Floats;
  readonly sin: Floats;
}

/** The same in a graph, `[B, T, D/2]` each. */
export interface RotaryValues {
  readonly cos: Value;
  readonly sin: Value;
}

/** Schema of `axes_dims_rope`: elements of a head that each axis turns, in pairs. */
export function axesOption(value: readonly number[]): OptionSchema<readonly number[]> {
  const items = integer(undefined, { minimum: 2, maximum: most.channels, multipleOf: 2 });
  return list(value, items, { minItems: 1, maxItems: most.levels });
}

/** Refuses axes that do not make up a head. */
export function checkAxes(
  className: string,
  { axes_dims_rope, attention_head_dim }: { axes_dims_rope: readonly number[]; attention_head_dim: number },
): void {
  const sum = total(axes_dims_rope);
  if (sum !== attention_head_dim)
    throw modelOptions(className, [
      `"axes_dims_rope" must add up to "attention_head_dim" (${attention_head_dim}), found ${axes_dims_rope.join(" + ")} = ${sum}`,
    ]);
}

/** The angle of pair `i` on an axis that turns `dim` elements of a head; here is decided where the reference rounds. */
export type Angle = (position: number, i: number, dim: number) => number;

/**
 * Tables of tokens that have a position on each of several axes; each axis turns its own part of a head.
 * @param positions `[T, axes]` @param dims elements of a head that each axis turns; their sum is D
 */
export function axialTables({ shape, data }: Floats, dims: readonly number[], angle: Angle): RotaryTables {
  const [tokens, axes] = shape as [number, number];
  const half = total(dims) / 2;
  const [cos, sin] = [floats([1, tokens, half]), floats([1, tokens, half])];
  let at = 0;
  for (let token = 0; token < tokens; token++)
    for (const [axis, dim] of dims.entries())
      for (let i = 0; i < dim / 2; i++, at++) {
        const turn = angle(data[token * axes + axis]!, i, dim);
        cos.data[at] = Math.cos(turn);
        sin.data[at] = Math.sin(turn);
      }
  return { cos, sin };
}

/**
 * Tables of text and image tokens whose positions the pipeline gives as FLUX does; angles in float64, as the reference.
 * @param ids `[tokens, axes]` each, or `[B, tokens, axes]` with the same positions for all of the batch
 */
export function tablesOfIds(ids: readonly Floats[], dims: readonly number[], theta: number): RotaryTables {
  const axes = ids[0]!.shape.at(-1)!;
  const rows = ids.flatMap(({ shape, data }) => [...data.subarray(0, shape.at(-2)! * axes)]);
  return axialTables(
    floats([rows.length / axes, axes], Float32Array.from(rows)),
    dims,
    (position, i, dim) => position * (1 / theta ** ((2 * i) / dim)),
  );
}

/** Declares the inputs `cos` and `sin` `[1, T, D/2]`, and repeats them for the batch. */
export function rotaryInputs(g: Graph, batch: Dim, tokens: Dim, headDim: number): RotaryValues {
  const half = headDim / 2;
  const repeated = (name: string): Value => g.expand(g.input(name, [1, tokens, half]), [batch, tokens, half]);
  return { cos: repeated("cos"), sin: repeated("sin") };
}

function total(dims: readonly number[]): number {
  return dims.reduce((sum, dim) => sum + dim, 0);
}
