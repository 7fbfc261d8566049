import {
  defineQuantizer,
  inject,
  type JSONSchemaType,
  type Plugin,
  PluginOptions,
  plugin,
  type Weight,
  type WeightForm,
} from "@skipstep/core/plugin";
import { blockTypeNamed } from "./block-types";
import type { BlockType } from "./blocks/block-type";
import { openGguf } from "./container/gguf-weights";
import { type Kernel, packedForm } from "./packed-form";
import { isSensitive } from "./sensitive";
import { writeOptions } from "./writing/options";
import { quantizeToGguf } from "./writing/quantize-to-gguf";

export interface GgufOptions {
  /** `packed` keeps weights in 4 or 8 bits while the model runs; `float32` takes them apart when it is compiled. */
  weights: "packed" | "float32";
  /** Of packed weights: `exact` computes with the file's numbers, `int8` also rounds what is multiplied with them. */
  kernel: Kernel;
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
      description: "packed keeps weights in 4 or 8 bits while the model runs; float32 takes them apart before.",
    },
    kernel: {
      type: "string",
      enum: ["exact", "int8"],
      default: "exact",
      description: "exact computes with the file's numbers; int8 rounds what goes into packed layers, which is faster.",
    },
  },
};

/** Weights in GGUF files, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md: read, kept packed, and written. */
@plugin<GgufOptions>({
  name: "gguf",
  batchInvariant: true,
  description: "GGUF: reads weights in blocks of 2 to 8 bits, keeps them packed while they run, and writes them.",
  options,
  weightFormats: [{ name: "gguf", extensions: [".gguf"], open: openGguf }],
  quantizer: defineQuantizer({ options: writeOptions, extension: ".gguf", quantize: quantizeToGguf }),
})
export class Gguf implements Plugin {
  constructor(@inject(PluginOptions) private readonly options: GgufOptions) {}

  weightLoad(weight: Weight): WeightForm | undefined {
    const type = typeOf(weight);
    const { weights, kernel } = this.options;
    const isPackable = weight.role === "linear" && !isSensitive(weight.name);
    return type && isPackable && weights === "packed" ? packedForm(weight, type, kernel) : undefined;
  }
}

function typeOf({ packed }: Weight): BlockType | undefined {
  if (!packed?.format.startsWith("gguf:")) return undefined;
  return blockTypeNamed(String(packed.parameters.type));
}
