import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectClose, memoryWeights, newGraph, runGraph, wave, weightShapes } from "@skipstep/contract/graph";
import { describe, expect, it } from "vitest";
import { captionInputs, encodeCaptions } from "../src/families/sana/captions";
import { sanaFamily, sanaSprintFamily } from "../src/families/sana/family";
import {
  type Architecture,
  autoencoderDc,
  createGenerator,
  type Floats,
  floats,
  gemma2,
  qwen3RotaryTables,
  sana,
  sincosPositions,
  type Tensor,
} from "../src/model";
import { ownCatalogue } from "../src/start/catalogue";

/** Elements, or the seed of the wave that makes them. */
interface Told {
  readonly shape: readonly number[];
  readonly values?: readonly number[];
  readonly seed?: number;
}

/** What the reference computes, see make.py beside it. */
interface Case {
  readonly class_: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly in: Readonly<Record<string, Told>>;
  readonly out: Readonly<Record<string, Told>>;
}

const cases: Readonly<Record<string, Case>> = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../test/golden/sana-waves/expected.json"), "utf8"),
);
const named = (className: string): [string, Case][] =>
  Object.entries(cases).filter(([, { class_ }]) => class_ === className);

function tensorOf({ shape, values, seed }: Told): Floats {
  return values ? floats(shape, Float32Array.from(values)) : wave(shape, seed!);
}

/** Runs one function of a model whose weights are waves. */
async function run(
  architecture: Architecture,
  entry: string,
  { config, out }: Case,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<Readonly<Record<string, Tensor>>> {
  const optional = (name: string): boolean => !name.startsWith("model.");
  const weights = [...weightShapes(architecture, config, optional)].map(([name, shape]) => {
    const seed = ([...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 97) / 10;
    const spread = Math.sqrt(shape.slice(1).reduce((product, dim) => product * dim, 1));
    const { data } = wave(shape, seed);
    return [
      name,
      floats(
        shape,
        data.map((x) => x / spread),
      ),
    ] as const;
  });
  const graph = newGraph({ weights: memoryWeights(Object.fromEntries(weights)) });
  architecture.entries[entry]!(graph, architecture.parse(config));
  const found = await runGraph(graph, inputs);
  for (const [name, told] of Object.entries(out)) if (found[name]) expectClose(name, found[name], tensorOf(told));
  return found;
}

/** Whole numbers, as a graph takes them. */
function int32({ shape, values }: Told): Tensor {
  return { dtype: "int32", shape, data: Int32Array.from(values!) };
}

describe("models of SANA compute what the reference computes", () => {
  it.each(named("SanaTransformer2DModel"))("%s", async (_, wanted) => {
    const { encoder_attention_mask, ...others } = wanted.in;
    const { interpolation_scale, ...config } = sana.parse(wanted.config);
    const [height, width] = others.hidden_states!.shape.slice(2) as [number, number];
    await run(sana, "forward", wanted, {
      ...Object.fromEntries(Object.entries(others).map(([name, told]) => [name, tensorOf(told)])),
      encoder_attention_mask: int32(encoder_attention_mask!),
      ...(interpolation_scale === null
        ? {}
        : { pos_embed: sincosPositions({ ...config, interpolation_scale }, height, width) }),
    });
  });

  it.each(named("AutoencoderDC"))("%s", async (_, wanted) => {
    await run(autoencoderDc, "encode", wanted, { sample: tensorOf(wanted.in.sample!) });
    await run(autoencoderDc, "decode", wanted, { z: tensorOf(wanted.in.z!) });
  });

  it.each(named("Gemma2Model"))("%s", async (_, wanted) => {
    const { shape, values } = wanted.in.input_ids!;
    await run(gemma2, "encode", wanted, {
      input_ids: { dtype: "int64", shape, data: BigInt64Array.from(values!, BigInt) },
      attention_mask: int32(wanted.in.attention_mask!),
      ...qwen3RotaryTables(gemma2.parse(wanted.config), 1, shape[1]!),
    });
  });
});

it("a token of padding changes nothing for those before it", async () => {
  const [, wanted] = named("Gemma2Model")[0]!;
  const { shape, values } = wanted.in.input_ids!;
  const ids = [...values!, 4, 4];
  const padded = [1, ids.length];
  const mask = ids.map((_, i) => (i < values!.length ? 1 : 0));
  const { hidden } = await run(
    gemma2,
    "encode",
    { ...wanted, out: {} },
    {
      input_ids: { dtype: "int64", shape: padded, data: BigInt64Array.from(ids, BigInt) },
      attention_mask: int32({ shape: padded, values: mask }),
      ...qwen3RotaryTables(gemma2.parse(wanted.config), 1, ids.length),
    },
  );
  const width = gemma2.parse(wanted.config).hidden_size;
  const real = floats([1, shape[1]!, width], (hidden as Floats).data.slice(0, shape[1]! * width));
  expectClose("hidden", real, tensorOf(wanted.out.hidden!));
});

describe("SCMScheduler", () => {
  const schedules = named("SCMScheduler") as unknown as [string, ScmCase][];
  const create = (steps: number, timesteps?: readonly number[]) =>
    ownCatalogue.schedulers.create(
      "SCMScheduler",
      {},
      {
        num_inference_steps: steps,
        ...(timesteps ? { timesteps } : {}),
      },
    );

  it.each(schedules)("makes %s as the reference does", (_, { num_inference_steps, timesteps, out }) => {
    const scheduler = create(num_inference_steps);
    expect([...scheduler.timesteps]).toEqual(timesteps.slice(0, -1).map(Math.fround));
    let sample = wave([1, 1, 2, 8], 0.1);
    const rows = [...scheduler.timesteps.keys()].flatMap((call) => {
      sample = scheduler.step(wave([1, 1, 2, 8], 1 + call), call, sample, createGenerator(call));
      return [...sample.data];
    });
    expectClose("samples", floats(out.shape, Float32Array.from(rows)), tensorOf(out));
  });

  it("takes a caller's angles", () => {
    expect([...create(2, [1.5, 1]).timesteps]).toEqual([1.5, 1]);
    expect(create(2, [1.5, 1]).sigmas.at(-1)).toBe(0);
  });

  it("previews what a step's prediction implies", () => {
    const sample = wave([1, 1, 2, 8], 0.1);
    const output = wave([1, 1, 2, 8], 1);
    const scheduler = create(1);
    const image = scheduler.predictedImage!(output, 0, sample);
    expectClose("image", scheduler.step(output, 0, sample, createGenerator(0)), image); // the last noise is of no weight
  });
});

interface ScmCase {
  readonly num_inference_steps: number;
  readonly timesteps: readonly number[];
  readonly out: Told;
}

describe("prompts behind an instruction", () => {
  /** An encoder whose tokens are letters, and whose states are their codes. */
  const letters = {
    count: async (text: string) => text.length + 1,
    encode: async (texts: readonly string[], { limit }: { readonly limit: number }) => ({
      hidden: texts.map((text) => {
        const codes = [2, ...[...text].map((letter) => letter.charCodeAt(0))].slice(0, limit);
        return floats([codes.length, 1], Float32Array.from(codes));
      }),
      warnings: [],
    }),
  } as unknown as Parameters<typeof encodeCaptions>[0];
  const encoded = async (limit: number, instruction: readonly string[] | null): Promise<string[]> => {
    const { hidden } = await encodeCaptions(letters, [" A Cat"], { limit, instruction });
    return hidden.map(({ data }) => [...data].map((code) => (code === 2 ? "^" : String.fromCharCode(code))).join(""));
  };

  it.each<[number, readonly string[] | null, string]>([
    [10, null, "^a cat"],
    [10, [], "^a cat"],
    [3, null, "^a "],
    [10, ["Do:", "Prompt: "], "^ a cat"], // the last token of the instruction, as the reference has it
    [4, ["Do:", "Prompt: "], "^ a "],
    [2, ["Do:", "Prompt: "], "^ "],
    [1, ["Do:", "Prompt: "], "^"],
  ])("of %i tokens behind %j are %j", async (limit, instruction, expected) => {
    expect(await encoded(limit, instruction)).toEqual([expected]);
  });

  it("are filled up to the longest, each once an image", () => {
    const captions = (...rows: number[][]) => ({
      hidden: rows.map((row) => floats([row.length, 1], Float32Array.from(row))),
      warnings: [],
    });
    const { encoder_hidden_states, encoder_attention_mask } = captionInputs([captions([1, 2, 3]), captions([4])], 2);
    expect(encoder_hidden_states!.shape).toEqual([4, 3, 1]);
    expect([...encoder_hidden_states!.data]).toEqual([1, 2, 3, 1, 2, 3, 4, 0, 0, 4, 0, 0]);
    expect([...encoder_attention_mask!.data]).toEqual([1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0]);
  });
});

describe("settings", () => {
  const configs = (sample_size: number, levels = 6) => ({
    transformer: sana.parse({ sample_size }),
    vae: autoencoderDc.parse({
      encoder_block_out_channels: [128, 256, 512, 512, 1024, 1024].slice(0, levels),
      decoder_block_out_channels: [128, 256, 512, 512, 1024, 1024].slice(0, levels),
    }),
  });
  const problems = (
    family: typeof sanaFamily,
    given: Readonly<Record<string, unknown>>,
    known: Readonly<Record<string, unknown>> = configs(32),
  ) => {
    const settings = {
      num_images_per_prompt: 1,
      prompt: ["a"],
      max_timesteps: 1.5708,
      ...family.defaults(known, false),
    };
    return family.problems(known, { ...settings, ...given } as never).map(({ key, text }) => `${key} ${text}`);
  };

  it("are the reference's", () => {
    expect(sanaFamily.defaults(configs(32), false)).toMatchObject({
      num_inference_steps: 20,
      guidance_scale: 4.5,
      height: 1024,
      width: 1024,
      max_sequence_length: 300,
      use_resolution_binning: true,
    });
    expect(sanaFamily.defaults(configs(32), false).complex_human_instruction).toHaveLength(8);
    expect(sanaSprintFamily.defaults(configs(32), false)).toMatchObject({
      num_inference_steps: 2,
      guidance_scale: 4.5,
    });
    expect(sanaSprintFamily.defaults(configs(16), false)).toMatchObject({ use_resolution_binning: false });
    expect(Object.keys(sanaSprintFamily.settings)).not.toContain("negative_prompt");
  });

  it.each<[string, typeof sanaFamily, Record<string, unknown>, string[]]>([
    ["any size with binning", sanaFamily, { height: 700, width: 1111 }, []],
    [
      "sizes without it",
      sanaFamily,
      { use_resolution_binning: false, height: 1000 },
      ["height must be a multiple of 32, found 1000; nearest: 992"],
    ],
    ["captions that are to be cleaned", sanaFamily, { clean_caption: true }, ["clean_caption must be false"]],
    [
      "a middle of four steps",
      sanaSprintFamily,
      { num_inference_steps: 4, intermediate_timesteps: 1.3 },
      ["intermediate_timesteps is for 2 steps, and num_inference_steps is 4"],
    ],
    ["four steps without one", sanaSprintFamily, { num_inference_steps: 4, intermediate_timesteps: null }, []],
    [
      "a middle that lies before the beginning",
      sanaSprintFamily,
      { intermediate_timesteps: 1.3, max_timesteps: 1 },
      ["intermediate_timesteps must be less than max_timesteps 1, found 1.3"],
    ],
  ])("%s", (_, family, given, expected) => {
    const found = problems(family, given);
    expect(found).toHaveLength(expected.length);
    for (const [i, text] of expected.entries()) expect(found[i]).toContain(text);
  });

  it("are whole patches of a model whose patches are larger than 32 pixels", () => {
    const large = { ...configs(32), transformer: sana.parse({ patch_size: 2 }) };
    expect(problems(sanaFamily, { use_resolution_binning: false, height: 1056 }, large)[0]).toContain("multiple of 64");
    expect(problems(sanaFamily, { use_resolution_binning: true }, configs(20))[0]).toContain(
      "use_resolution_binning must be false for a model of sample_size 20: only 16, 32, 64, 128",
    );
  });

  it.each([
    [sanaFamily, true, '"guidance_embeds" must be false for the pipeline of SANA, found true: that is SANA-Sprint'],
    [sanaSprintFamily, false, '"guidance_embeds" must be true for the pipeline of SANA-Sprint, found false'],
  ])("go with the own transformer only", async (family, guidance_embeds, text) => {
    const opened = family.open({ configs: { transformer: sana.parse({ guidance_embeds }) } } as never);
    await expect(opened).rejects.toThrow(text);
  });

  it("may ask for tiles of 512 pixels", () => {
    expect(problems(sanaFamily, { vae_tiling: true })).toEqual([]);
    const settings = {
      ...sanaFamily.defaults(configs(32), false),
      num_images_per_prompt: 1,
      prompt: ["a"],
      subjects: 1,
    };
    const sizes = sanaFamily.sizes(configs(32), { ...settings, height: 2048, width: 512, vae_tiling: true } as never);
    expect(sizes.vae).toEqual({ B: 1, h: 16, w: 16 });
    expect(sizes.transformer).toMatchObject({ B: 2, S: 300 });
  });
});

it.each<[string, Architecture, object, string]>([
  ["qk_norm", sana, { qk_norm: "layer_norm" }, '"qk_norm" must be one of null, "rms_norm_across_heads"'],
  ["cross_attention_dim", sana, { cross_attention_dim: 64 }, '"cross_attention_dim" must be the width 2240, found 64'],
  ["norms", autoencoderDc, { decoder_norm_types: "batch_norm" }, '"decoder_norm_types"'],
  ["levels", autoencoderDc, { decoder_layers_per_block: [1] }, "an entry for each of 6 levels, found 1"],
  ["even filters", autoencoderDc, { decoder_qkv_multiscales: [[], [], [], [4], [], []] }, "decoder_qkv_multiscales"],
  ["empty levels", autoencoderDc, { encoder_layers_per_block: [2, 0, 2, 3, 3, 3] }, "0 at the first level only"],
  ["halves", autoencoderDc, { encoder_block_out_channels: [64, 64] }, "levels"],
  ["latents", autoencoderDc, { latent_channels: 48 }, 'a multiple of "latent_channels" (48), found 1024'],
  ["layer types", gemma2, { layer_types: ["full_attention"] }, "an entry for each of 26 layers, found 1"],
  ["window", gemma2, { sliding_window: null }, '"sliding_window" must be a number'],
  ["both ways", gemma2, { use_bidirectional_attention: true }, '"use_bidirectional_attention"'],
  ["heads", gemma2, { num_key_value_heads: 3 }, '"num_key_value_heads" must divide 8 heads, found 3'],
])("%s that the reference or we do not have are refused by name", (_, architecture, config, text) => {
  expect(() => architecture.parse(config)).toThrow(text);
});
