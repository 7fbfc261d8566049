import type { JSONSchemaType } from "@skipstep/core/plugin";
import type { FourBitType } from "./codes";

/** `BitsAndBytesConfig`, as diffusers has it. */
export interface BnbOptions {
  /** Quantizes linear layers to 4 bits when the model is compiled. */
  load_in_4bit: boolean;
  /** To 8 bits. With neither, only what is quantized already is taken over. */
  load_in_8bit: boolean;
  bnb_4bit_quant_type: FourBitType;
  /** Elements that share a scale. */
  bnb_4bit_blocksize: number;
  /** Rounds the scales, too. */
  bnb_4bit_use_double_quant: boolean;
  bnb_4bit_compute_dtype: string;
  bnb_4bit_quant_storage: string;
  /** What multiplies 4-bit weights. */
  bnb_4bit_kernel: "exact" | "int8";
  /** Columns of activations with an element of at least this size are multiplied in float32; 0 for none. */
  llm_int8_threshold: number;
  /** What of the activations shares a scale, for 8 bits. */
  llm_int8_scale: "token" | "tensor";
  /** Modules that stay as they are, for both widths. */
  llm_int8_skip_modules: string[] | null;
  llm_int8_enable_fp32_cpu_offload: boolean;
  llm_int8_has_fp16_weight: boolean;
}

const dtypes = ["float32", "float16", "bfloat16"];

export const options: JSONSchemaType<BnbOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    load_in_4bit: { type: "boolean", default: false, description: "Quantizes linear layers to 4 bits." },
    load_in_8bit: { type: "boolean", default: false, description: "Quantizes linear layers to 8 bits." },
    bnb_4bit_quant_type: {
      type: "string",
      enum: ["fp4", "nf4"],
      default: "fp4",
      description: "nf4 is the better one for weights that are normally distributed.",
    },
    bnb_4bit_blocksize: {
      type: "integer",
      enum: [64, 128],
      default: 64,
      description: "Elements that share a scale.",
    },
    bnb_4bit_use_double_quant: {
      type: "boolean",
      default: false,
      description: "Rounds the scales to 8 bits, as a file would store them.",
    },
    bnb_4bit_compute_dtype: {
      type: "string",
      enum: dtypes,
      default: "float32",
      description: "Without effect: it is computed in float32.",
    },
    bnb_4bit_quant_storage: {
      type: "string",
      enum: ["uint8", "int8", "float64", ...dtypes],
      default: "uint8",
      description: "Without effect: codes are stored as bytes.",
    },
    bnb_4bit_kernel: {
      type: "string",
      enum: ["exact", "int8"],
      default: "exact",
      description:
        "exact multiplies in float32. int8 is faster and rounds weights to 16 equal steps, activations to 8 bits.",
    },
    llm_int8_threshold: {
      type: "number",
      minimum: 0,
      default: 6,
      description:
        "Columns of activations with an element of at least this size are multiplied in float32; 0 for none.",
    },
    llm_int8_scale: {
      type: "string",
      enum: ["token", "tensor"],
      default: "token",
      description: "8 bits: each token's activations have a scale of their own, or all share one, which is faster.",
    },
    llm_int8_skip_modules: {
      type: ["array", "null"],
      items: { type: "string", minLength: 1 },
      default: null,
      description: "Modules that stay as they are, for both widths: proj_out, transformer_blocks.0.",
    } as never, // `JSONSchemaType` has no word for a union
    llm_int8_enable_fp32_cpu_offload: {
      type: "boolean",
      enum: [false],
      default: false,
      description: "Only false: nothing is moved between devices.",
    },
    llm_int8_has_fp16_weight: {
      type: "boolean",
      enum: [false],
      default: false,
      description: "Only false: weights are kept in 8 bits alone.",
    },
  },
};
