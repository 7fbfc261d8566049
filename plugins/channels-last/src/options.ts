import type { JSONSchemaType } from "@skipstep/core/plugin";

export interface ChannelsLastOptions {
  /** `dynamic` multiplies in int8, with a scale an output channel and one for all activations of a convolution. */
  int8: "off" | "dynamic";
  /** int8: the first and the last convolution, `conv_in` and `conv_out`, stay float32. */
  skip_ends: boolean;
  /** int8: more that stay float32: their own names, their paths, or modules that they lie in. */
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
    skip_ends: {
      type: "boolean",
      default: true,
      description: "int8: the first and the last convolution, conv_in and conv_out, stay float32.",
    },
    skip_modules: {
      type: "array",
      items: { type: "string", minLength: 1 },
      default: [],
      description: "int8: more convolutions that stay float32, by name, path, or a module that they lie in.",
    },
  },
};
