import type { JSONSchemaType } from "@skipstep/core";

export interface ChannelsLastOptions {
  /** `dynamic` multiplies in int8, with a scale an output channel and one for all activations of a convolution. */
  int8: "off" | "dynamic";
  /** Convolutions that stay float32: their names, or the last parts of them. */
  skip_modules: string[];
}

export const options: JSONSchemaType<ChannelsLastOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    int8: {
      type: "string",
      enum: ["off", "dynamic"],
      default: "off",
      description: "dynamic: convolutions in int8, activations rounded as they come.",
    },
    skip_modules: {
      type: "array",
      items: { type: "string", minLength: 1 },
      default: ["conv_in", "conv_out"],
      description: "int8: convolutions that stay float32, by their names or the last parts of them.",
    },
  },
};
