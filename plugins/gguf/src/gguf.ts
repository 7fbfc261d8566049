import {
  defineQuantizer,
  inject,
  type JSONSchemaType,
  type Plugin,
  PluginOptions,
  plugin,
  type Weight,
  type WeightForm,
} from "@skipstep/core";
import { openGguf } from "./container/gguf-weights";
import { writeOptions } from "./writing/options";
import { quantizeToGguf } from "./writing/quantize-to-gguf";

export interface GgufOptions {
  /** `packed` keeps blocks as they are while the model runs; `float32` takes them apart when it is compiled. */
  weights: "packed" | "float32";
  /** What a linear layer's input is rounded to before it meets packed weights: eight bits a block of 16 or 32, or not. */
  activations: "int8" | "float32";
}

const options: JSONSchemaType<GgufOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    weights: {
      type: "string",
      enum: ["packed", "float32"],
      default: "packed",
      description: "packed keeps blocks as they are while the model runs; float32 takes them apart before.",
    },
    activations: {
      type: "string",
      enum: ["int8", "float32"],
      default: "int8",
      description: "What a linear layer's input is rounded to before it meets packed weights.",
    },
  },
};

/** Weights in GGUF files, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md: read, kept packed, and written. */
@plugin<GgufOptions>({
  name: "gguf",
  description: "GGUF: reads weights in blocks of 2 to 8 bits, keeps them packed while they run, and writes them.",
  options,
  weightFormats: [{ name: "gguf", extensions: [".gguf"], open: openGguf }],
  quantizer: defineQuantizer({ options: writeOptions, extension: ".gguf", quantize: quantizeToGguf }),
})
export class Gguf implements Plugin {
  constructor(@inject(PluginOptions) private readonly options: GgufOptions) {}

  weightLoad(_weight: Weight): WeightForm | undefined {
    if (this.options.weights === "float32") return undefined;
    return undefined;
  }
}
