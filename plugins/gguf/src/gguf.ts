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
import { blockTypeNamed } from "./block-types";
import type { BlockType } from "./blocks/block-type";
import { openGguf } from "./container/gguf-weights";
import { packedForm } from "./packed-form";
import { isSensitive } from "./sensitive";
import { writeOptions } from "./writing/options";
import { quantizeToGguf } from "./writing/quantize-to-gguf";

export interface GgufOptions {
  /** `packed` keeps blocks as they are while the model runs; `float32` takes them apart when it is compiled. */
  weights: "packed" | "float32";
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

  weightLoad(weight: Weight): WeightForm | undefined {
    const type = typeOf(weight);
    const isPackable = weight.role === "linear" && !isSensitive(weight.name);
    return type && isPackable && this.options.weights === "packed" ? packedForm(weight, type) : undefined;
  }
}

function typeOf({ packed }: Weight): BlockType | undefined {
  if (!packed?.format.startsWith("gguf:")) return undefined;
  return blockTypeNamed(String(packed.parameters.type));
}
