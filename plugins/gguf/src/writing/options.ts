import type { JSONSchemaType } from "@skipstep/core/plugin";
import { writtenTypes } from "./written-types";

export interface GgufWriteOptions {
  /** Of the weights of linear layers and convolutions, where no rule says otherwise. */
  type: string;
  /** `pattern=TYPE`, the first that fits counts; `*` stands for anything. */
  rules: string[];
  /** Safetensors with the mean square of each input of a weight, by the weight's name; "" for none. */
  importance: string;
  /** Measures them while images are made. */
  calibrate: boolean;
}

export const writeOptions: JSONSchemaType<GgufWriteOptions> = {
  type: "object",
  required: [],
  properties: {
    type: {
      type: "string",
      enum: writtenTypes.map(({ name }) => name),
      default: "Q4_K",
      description: "Block type of the weights, where no rule says otherwise.",
    },
    rules: {
      type: "array",
      items: { type: "string" },
      default: [],
      description: "pattern=TYPE for tensors by name, the first that fits counts; * stands for anything.",
    },
    importance: {
      type: "string",
      default: "",
      description: "Safetensors with the mean square of each input of a weight, by the weight's name.",
    },
    calibrate: {
      type: "boolean",
      default: false,
      description: "Measures the mean square of each input of a weight while images are made.",
    },
  },
};
