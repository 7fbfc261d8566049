import type { PluginClass, Weight, WeightForm } from "@skipstep/core/plugin";
import { type Plugin, plugin } from "@skipstep/core/plugin";
import { packNBits, roundToNearest } from "@skipstep/lowbit";
import { Bnb, type BnbOptions } from "../plugins/bnb/src/index";
import { ChannelsLast, type ChannelsLastOptions } from "../plugins/channels-last/src/index";
import { Gguf } from "../plugins/gguf/src/index";
import { type Form, lowRankForm } from "../plugins/svdquant/src/forms/low-rank-form";
import { int8Codes, type Parts } from "../plugins/svdquant/src/forms/parts";
import { groupSize } from "../plugins/svdquant/src/nunchaku/order";
import { isTarget } from "../plugins/svdquant/src/targets";
import { Xformers, type XformersOptions } from "../plugins/xformers/src/index";

/** A plugin of a benchmark with the options that are not its defaults. */
export interface UsedPlugin {
  readonly use: PluginClass;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A way to run a denoiser, held against float32 without plugins. */
export interface Kind {
  readonly title: string;
  readonly plugins: readonly UsedPlugin[];
  /** The weights are written as GGUF of this type first. */
  readonly gguf?: string;
  /** At least so many times as fast as float32. */
  readonly speed?: number;
  /** At most so many bytes a weight, of those that the plugins took. */
  readonly bytes?: number;
}

export const bnb = (options: Partial<BnbOptions>): UsedPlugin => ({ use: Bnb as PluginClass, options });
export const channelsLast = (options: Partial<ChannelsLastOptions>): UsedPlugin => ({
  use: ChannelsLast as PluginClass,
  options,
});
const xformers = (options: Partial<XformersOptions>): UsedPlugin => ({ use: Xformers as PluginClass, options });

const eightBits = bnb({ load_in_8bit: true, llm_int8_threshold: 0 });

/** `flash` is what float32 without plugins has. */
const cutlass: Kind = { title: "xformers, cutlass", plugins: [xformers({ op: "cutlass" })] };

/** bitsandbytes' forms. @param speed that 8 bits must reach */
export function bnbKinds(speed?: number): readonly Kind[] {
  const target = speed === undefined ? {} : { speed };
  const fourBits = { load_in_4bit: true, bnb_4bit_quant_type: "nf4" } as const;
  return [
    { title: "bnb, 8 bits, no outliers", plugins: [eightBits], ...target },
    {
      title: "bnb, 8 bits, no outliers, one scale",
      plugins: [bnb({ load_in_8bit: true, llm_int8_threshold: 0, llm_int8_scale: "tensor" })],
      ...target,
    },
    { title: "bnb, 8 bits, outliers from 6 on", plugins: [bnb({ load_in_8bit: true })], speed: 2 },
    { title: "bnb, NF4, exact", plugins: [bnb(fourBits)], speed: 1, bytes: 0.6 },
    {
      title: "bnb, 4 bits, int8 kernel",
      plugins: [bnb({ ...fourBits, bnb_4bit_kernel: "int8" })],
      speed: 1,
      bytes: 0.6,
    },
  ];
}

/** All others. @param q4 GGUF's type of 4 bits: rounding to Q4_K takes minutes, and needs rows of whole 256 */
export function otherKinds(q4: string): readonly Kind[] {
  return [
    ...ggufKinds(["Q8_0", q4]),
    { title: "svdquant, W4A16, rank 32", plugins: [svdquant("w4a16")] },
    { title: "svdquant, W8A8, rank 32", plugins: [svdquant("w8a8")] },
    cutlass,
    { title: "bnb, 8 bits, with xformers' cutlass", plugins: [eightBits, xformers({ op: "cutlass" })] },
  ];
}

export const unetKinds: readonly Kind[] = [
  { title: "channels-last, float32", plugins: [channelsLast({})], speed: 0.95 },
  { title: "channels-last, int8", plugins: [channelsLast({ int8: "dynamic" })], speed: 1.4 },
  {
    title: "channels-last, int8, with bnb, 8 bits",
    plugins: [channelsLast({ int8: "dynamic" }), eightBits],
    speed: 2,
  },
  {
    title: "channels-last, int8, with svdquant, W4A16",
    plugins: [channelsLast({ int8: "dynamic" }), svdquant("w4a16")],
  },
  { title: "bnb, 8 bits, no outliers", plugins: [eightBits] },
  { title: "bnb, NF4, exact", plugins: [bnb({ load_in_4bit: true, bnb_4bit_quant_type: "nf4" })], bytes: 0.6 },
  { title: "svdquant, W4A16, rank 32", plugins: [svdquant("w4a16")] },
  ...ggufKinds(["Q8_0"]),
  cutlass,
];

/** GGUF by the kernels that round activations. */
function ggufKinds(types: readonly string[]): Kind[] {
  return types.map((gguf) => ({
    title: `gguf, ${gguf}, int8`,
    plugins: [{ use: Gguf as PluginClass, options: { kernel: "int8" } }],
    gguf,
  }));
}

/** GGUF as it is without options: one type for each way to multiply. */
export const exactGgufKinds: readonly Kind[] = ["Q8_0", "Q5_1", "Q4_0"].map((gguf) => ({
  title: `gguf, ${gguf}`,
  plugins: [{ use: Gguf as PluginClass, options: {} }],
  gguf,
  speed: 0.9,
}));

/**
 * What svdquant makes of a layer, but with a branch of zeros: it takes the time and the room of any other, and of
 * random weights the best branch takes up next to nothing. To find that one would take minutes.
 */
function svdquant(form: Form): UsedPlugin {
  const rank = 32;
  const options = { type: "object", additionalProperties: false, required: [], properties: {} } as const;

  @plugin<Record<string, never>>({ name: "svdquant", description: "SVDQuant with a branch of zeros.", options })
  class EmptyBranch implements Plugin {
    weightLoad(weight: Weight): WeightForm | undefined {
      if (weight.role !== "linear" || !isTarget(weight.name)) return undefined;
      const [rows, columns] = weight.shape as [number, number];
      const make = (): Parts => ({
        ...codesOf(weight.read(), rows, columns),
        down: new Float32Array(columns * rank),
        up: new Float32Array(rank * rows),
      });
      return lowRankForm(weight, form, { rows, columns, rank }, "bench", make);
    }
  }

  const codesOf = (values: Float32Array, rows: number, columns: number): Pick<Parts, "codes" | "scales"> => {
    if (form === "w8a8") return int8Codes(values, rows, columns);
    const rounded = roundToNearest(values, rows, columns, { bits: 4, scheme: "full-range", per: groupSize });
    const { codes, scales } = packNBits(rounded, groupSize);
    return { codes, scales };
  };
  return { use: EmptyBranch, options: {} };
}
