import {
  inject,
  type Plugin,
  PluginOptions,
  plugin,
  type Structure,
  type Weight,
  type WeightForm,
} from "@skipstep/core/plugin";
import { bnbFormat } from "./bnb-format";
import { bothWidths, patternUnused, quantizedTwice } from "./errors";
import { fourBitForm, packedFourBitForm } from "./four-bit-form";
import { int8RowForm, packedInt8Form } from "./int8-form";
import { type BnbOptions, options } from "./options";
import { SkipModules } from "./skip-modules";

/**
 * bitsandbytes: linear layers in 4 bits, https://arxiv.org/abs/2305.14314, or 8, https://arxiv.org/abs/2208.07339, made
 * when the model is compiled or read from a checkpoint that has them.
 */
@plugin<BnbOptions>({
  name: "bnb",
  // Scales and outliers in 8 bits are of all tokens that go together. A checkpoint may have a threshold of its own.
  batchInvariant: ({ load_in_4bit, load_in_8bit, llm_int8_scale, llm_int8_threshold }) =>
    load_in_4bit || (load_in_8bit && llm_int8_scale === "token" && llm_int8_threshold === 0),
  description: "bitsandbytes: linear layers in 4 bits (NF4, FP4) or 8 (LLM.int8), on the fly or from its checkpoints.",
  options,
  weightFormats: [bnbFormat],
  regions: (structure, given) => {
    checkWidths(structure, given);
    return [];
  },
})
export class Bnb implements Plugin {
  private readonly skipped: SkipModules;

  constructor(@inject(PluginOptions) private readonly options: BnbOptions) {
    this.skipped = new SkipModules(options.llm_int8_skip_modules ?? []);
  }

  weightLoad(weight: Weight): WeightForm | undefined {
    if (weight.role !== "linear") return undefined;
    const { load_in_4bit, load_in_8bit, llm_int8_threshold, llm_int8_scale, bnb_4bit_kernel } = this.options;
    const rounding = { threshold: llm_int8_threshold, scale: llm_int8_scale };
    const isSkipped = this.skipped.skips(weight.name.replace(/\.weight$/, ""));
    const format = weight.packed?.format;
    if (format === "bnb:int8") return packedInt8Form(weight, rounding);
    if (format === "bnb:nf4" || format === "bnb:fp4") return packedFourBitForm(weight, bnb_4bit_kernel);
    if (isSkipped || format !== undefined) return undefined;
    if (load_in_8bit) return int8RowForm(weight, rounding);
    return load_in_4bit ? fourBitForm(weight, this.options) : undefined;
  }

  buildWarnings(): readonly string[] {
    return this.skipped.unused.map(patternUnused);
  }
}

function checkWidths({ weightFormat }: Structure, { load_in_4bit, load_in_8bit }: BnbOptions): void {
  if (load_in_4bit && load_in_8bit) throw bothWidths();
  if (weightFormat === undefined || !(load_in_4bit || load_in_8bit)) return;
  throw quantizedTwice(load_in_4bit ? "load_in_4bit" : "load_in_8bit", weightFormat);
}
