import type { JSONSchemaType } from "@skipstep/core/plugin";
import type { Form } from "./forms/low-rank-form";

export interface SvdQuantOptions {
  /** How layers run: `w4a16` in 4 bits, `w8a8` with a residual of 8 bits. */
  form: Form;
  /** Of the branch, for weights that are not quantized yet; 0 for none. */
  rank: number;
  /** Layers that stay as they are, where weights are not quantized yet. */
  skip: string[];
}

export const options: JSONSchemaType<SvdQuantOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    form: {
      type: "string",
      enum: ["w4a16", "w8a8"],
      default: "w4a16",
      description: "w4a16 keeps the residual in 4 bits, w8a8 gives it 8 and the int8 kernels.",
    },
    rank: {
      type: "integer",
      minimum: 0,
      maximum: 4096,
      default: 32,
      description: "Rank of the branch beside the residual, for weights that are not quantized yet.",
    },
    skip: {
      type: "array",
      items: { type: "string" },
      default: [],
      description: "Layers to leave as they are, for weights that are not quantized yet; * stands for anything.",
    },
  },
};
