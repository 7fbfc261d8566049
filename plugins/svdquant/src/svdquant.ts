import {
  defineQuantizer,
  type Graph,
  inject,
  type Plugin,
  PluginOptions,
  plugin,
  type Tensor,
  type Weight,
  type WeightForm,
} from "@skipstep/core/plugin";
import { patternUnused, rankTooLarge } from "./errors";
import { awqForm } from "./forms/awq-form";
import { lowRankForm } from "./forms/low-rank-form";
import { partsOf } from "./forms/made-parts";
import { fourBitParts, int8Parts, type Parts } from "./forms/parts";
import { awqFormat } from "./nunchaku/awq-module";
import { nunchakuFormat } from "./nunchaku/format";
import type { SvdLayer } from "./nunchaku/layer";
import { packedFormat } from "./nunchaku/modules";
import { options, type SvdQuantOptions } from "./options";
import { SkipPatterns } from "./patterns";
import { isTarget } from "./targets";
import { writeOptions } from "./writing/options";
import { quantizeToSvdQuant } from "./writing/quantize-to-svdquant";

/**
 * SVDQuant, https://arxiv.org/abs/2411.05007: outliers of the inputs move into the weights, a branch of low rank takes
 * them up in full precision, and 4 bits are enough for what is left.
 */
@plugin<SvdQuantOptions>({
  name: "svdquant",
  batchInvariant: true,
  description: "SVDQuant: linear layers in 4 bits with a branch of low rank, read from nunchaku's files or made here.",
  options,
  weightFormats: [nunchakuFormat],
  quantizer: defineQuantizer({ options: writeOptions, extension: ".safetensors", quantize: quantizeToSvdQuant }),
})
export class SvdQuant implements Plugin {
  private readonly skipped: SkipPatterns;

  constructor(@inject(PluginOptions) private readonly options: SvdQuantOptions) {
    this.skipped = new SkipPatterns(options.skip);
  }

  weightLoad(weight: Weight, graph: Graph): WeightForm | undefined {
    if (weight.role !== "linear") return undefined;
    if (weight.packed?.format === packedFormat) return this.stored(weight);
    if (weight.packed?.format === awqFormat) return awqForm(weight);
    // What a quantized file has as numbers, its maker wanted so.
    if (graph.weights.format !== undefined || !isTarget(weight.name)) return undefined;
    if (this.skipped.skips(weight.name)) return undefined;
    return this.made(weight);
  }

  buildWarnings(): readonly string[] {
    return this.skipped.unused.map(patternUnused);
  }

  /** As the file has it. */
  private stored(weight: Weight): WeightForm {
    const [rows, columns] = weight.shape as [number, number];
    const { tensors, parameters } = weight.packed!;
    const floats = (name: string): Float32Array => (tensors[name]!.read() as Tensor<Float32Array>).data;
    const rank = parameters.rank as number;
    const smooth = floats("smooth");
    const outline = { rows, columns, rank, smooth };
    const read = (): SvdLayer => ({
      ...outline,
      codes: tensors.codes!.read().data as Int8Array,
      scales: floats("scales"),
      down: floats("down"),
      up: floats("up"),
    });
    const { form } = this.options;
    const make = (): Parts => (form === "w4a16" ? fourBitParts(read()) : int8Parts(read()));
    return lowRankForm(weight, form, outline, "stored", make);
  }

  /** Without calibration: a branch and a residual, and no smoothing. */
  private made(weight: Weight): WeightForm {
    const { form, rank } = this.options;
    const [rows, columns] = weight.shape as [number, number];
    if (rank >= Math.min(rows, columns)) throw rankTooLarge(rank, weight.name, weight.shape);
    const make = (): Parts => partsOf({ values: weight.read(), rows, columns }, form, rank);
    return lowRankForm(weight, form, { rows, columns, rank }, `made:${rank}`, make);
  }
}
