import { type Floats, floats } from "../../tensor";

/** `rope_parameters` of transformers' config.json files; what else they may hold turns tokens in other ways. */
export interface RopeParameters {
  readonly rope_theta?: number;
}

/** Where a file says nothing. */
export const ROPE_THETA = 10_000;

/** Schema of `rope_parameters`, and of `rope_scaling`, as older files call it. */
export const plainRope = {
  type: ["object", "null"],
  additionalProperties: false,
  properties: {
    rope_theta: { type: "number", exclusiveMinimum: 0 },
    rope_type: { enum: ["default"] },
    type: { enum: ["default"] },
  },
  default: null,
};

/** The same where positions have several axes, on all of which a text's are equal. */
export const multimodalRope = {
  ...plainRope,
  properties: {
    ...plainRope.properties,
    mrope_section: { type: "array", items: { type: "integer" }, maxItems: 16 },
    rope_type: { enum: ["default", "mrope"] },
    type: { enum: ["default", "mrope"] },
  },
};

/**
 * Cosines and sines of the angles that positions 0, 1, ... turn queries and keys by, rounded where transformers rounds.
 * @returns `[batch, length, head_dim / 2]` each
 */
export function rotaryTables(
  { head_dim, rope_theta }: { readonly head_dim: number; readonly rope_theta: number },
  batch: number,
  length: number,
): { readonly cos: Floats; readonly sin: Floats } {
  const half = head_dim / 2;
  const frequencies = Float32Array.from(
    { length: half },
    (_, i) => 1 / Math.fround(rope_theta ** Math.fround((2 * i) / head_dim)),
  );
  const table = (of: (angle: number) => number): Floats =>
    floats(
      [batch, length, half],
      Float32Array.from({ length: batch * length * half }, (_, at) => {
        const position = Math.floor(at / half) % length;
        return of(Math.fround(position * frequencies[at % half]!));
      }),
    );
  return { cos: table(Math.cos), sin: table(Math.sin) };
}
