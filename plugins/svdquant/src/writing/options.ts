import type { JSONSchemaType } from "@skipstep/core/plugin";

export interface SvdQuantWriteOptions {
  /** Of the low-rank branch; 0 for none. */
  rank: number;
  /** Strength of smoothing: a number for all layers, or null to search for each group of layers. */
  alpha: number | null;
  /** Into how many parts 0..1 is divided for the search. */
  grid: number;
  /** Times that a branch is fitted anew, while that helps. */
  iterations: number;
  /** Whether residuals are rounded by GPTQ. */
  gptq: boolean;
  /** What the search takes inputs to be rounded to: 4 as nunchaku's kernels, 8 or 16 as those here. */
  activation_bits: 4 | 8 | 16;
  /** Steps of each image to calibrate with; 0 for the config's. */
  steps: number;
  /** Tokens of each layer's input to look at. */
  tokens: number;
  /** Layers that stay as they are. */
  skip: string[];
}

export const writeOptions = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    rank: {
      type: "integer",
      minimum: 0,
      maximum: 4096,
      default: 32,
      description: "Rank of the branch; 0 for none.",
    },
    alpha: {
      type: "number",
      nullable: true,
      minimum: 0,
      maximum: 1,
      default: null,
      description: "Strength of smoothing for all layers; null searches one for each group of layers.",
    },
    grid: {
      type: "integer",
      minimum: 1,
      maximum: 100,
      default: 5,
      description: "Into how many parts 0..1 is divided for the search; 1 leaves smoothing out.",
    },
    iterations: {
      type: "integer",
      minimum: 1,
      maximum: 100,
      default: 4,
      description: "Times that a branch is fitted anew, while that helps.",
    },
    gptq: { type: "boolean", default: false, description: "Rounds residuals by GPTQ instead of to the nearest." },
    activation_bits: {
      type: "integer",
      enum: [4, 8, 16],
      default: 16,
      description: "What inputs are taken to be rounded to: 4 as nunchaku's kernels do, 16 for the kernels here.",
    },
    steps: {
      type: "integer",
      minimum: 0,
      default: 0,
      description: "Steps of each image to calibrate with; 0 for the config's.",
    },
    tokens: {
      type: "integer",
      minimum: 32,
      maximum: 65_536,
      default: 512,
      description: "Tokens of each layer's input to look at.",
    },
    skip: {
      type: "array",
      items: { type: "string" },
      default: [],
      description: "Layers to leave as they are; * stands for anything.",
    },
  },
} as unknown as JSONSchemaType<SvdQuantWriteOptions>; // its types know no number or null
