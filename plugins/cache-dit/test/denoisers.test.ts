import { join } from "node:path";
import { expectClose, madeRun, madeStep, openWithPlugins, readConfig, readSafetensors } from "@skipstep/contract/graph";
import {
  type Architecture,
  type Floats,
  floats,
  flux2,
  flux2RotaryTables,
  qwenImage,
  qwenImageRotaryTables,
  type Tensor,
} from "@skipstep/core/model";
import {
  type BlockCall,
  inject,
  manifestOf,
  type Next,
  PluginOptions,
  plugin,
  type Tensors,
} from "@skipstep/core/plugin";
import { expect, it } from "vitest";
import { CacheDit, type CacheDitOptions } from "../src/index";

type Inputs = Readonly<Record<string, Tensor>>;
type Io = ReadonlyMap<string, Tensor>;

const golden = join(import.meta.dirname, "../../../test/golden");

const denoisers = {
  flux2: {
    architecture: flux2 as Architecture,
    tables: (config: object, io: Io): Inputs => ({
      ...flux2RotaryTables(flux2.parse(config), io.get("in.txt_ids") as Floats, io.get("in.img_ids") as Floats),
    }),
    blocks: ["transformer_blocks.1", "single_transformer_blocks.1"],
  },
  "qwen-image": {
    architecture: qwenImage as Architecture,
    tables: (config: object, io: Io): Inputs => {
      const [batch, textTokens] = io.get("in.encoder_hidden_states")!.shape as [number, number];
      const images = [{ frames: 1, height: 1, width: io.get("in.hidden_states")!.shape[1]! }];
      const mask = { dtype: "int32", shape: [batch, textTokens], data: new Int32Array(batch * textTokens).fill(1) };
      return {
        ...qwenImageRotaryTables(qwenImage.parse(config), images, textTokens),
        encoder_hidden_states_mask: mask as Tensor,
      };
    },
    blocks: ["transformer_blocks.1", "transformer_blocks.1"],
  },
} as const;

/** Image tokens of each step: as they are, moved a little, and turned around. */
const factors = [1, 1.0005, 0.999, -1, -1.0002];
const threshold = 0.1;

/** What was added to each stream, step by step: by the first blocks, and by the middle to the image and the text. */
let residuals: Record<string, Float32Array[]> = {};

@plugin<CacheDitOptions>(manifestOf(CacheDit) as never)
class WatchedCacheDit extends CacheDit {
  constructor(@inject(PluginOptions) options: CacheDitOptions) {
    super(options);
  }

  override async blockForward(call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> {
    const outputs = await super.blockForward(call, inputs, next);
    residuals[call.region.name]!.push(await difference(outputs.hidden!, inputs.hidden!));
    if (call.region.name === "middle") residuals.text!.push(await difference(outputs.encoder!, inputs.encoder!));
    return outputs;
  }
}

it.each(["flux2", "qwen-image"] as const)("runs around the blocks of %s, both streams", async (name) => {
  const { architecture, tables, blocks } = denoisers[name];
  const folder = join(golden, name);
  const options = {
    Fn_compute_blocks: 1,
    Bn_compute_blocks: 1,
    max_warmup_steps: 1,
    residual_diff_threshold: threshold,
  };
  const denoiser = await openWithPlugins(architecture, folder, [{ use: WatchedCacheDit, options }]);
  const io = readSafetensors(join(folder, "io.safetensors"));
  const made = tables(readConfig(folder), io);
  const given = Object.fromEntries([...io].map(([key, tensor]) => [key.replace("in.", ""), tensor]));
  const latents = io.get("in.hidden_states") as Floats;
  residuals = { first: [], middle: [], text: [] };
  const run = madeRun(factors.length, "cond");
  const [samples, plain]: [Tensor[], Tensor[]] = [[], []];
  await denoiser.generation(async () => {
    for (const [index, factor] of factors.entries()) {
      const hidden_states = floats(
        latents.shape,
        latents.data.map((x) => factor * x),
      );
      const inputs = { ...given, ...made, hidden_states };
      const step = madeStep(run, index, { latents });
      samples.push((await denoiser.pass(inputs, step)).sample!);
      plain.push((await denoiser.pass(inputs)).sample!);
    }
  });
  await denoiser.close();

  const [first, middle] = denoiser.regions;
  for (const index of middle!.computed) expectClose(`step ${index}`, samples[index]!, plain[index]!);
  expect([middle!.region.from, middle!.region.to]).toEqual(blocks);
  // Against the first blocks' residuals as they were, step by step.
  let last = 0;
  for (const index of factors.keys()) {
    if (index === 0) continue;
    const moved = relative(residuals.first![last]!, residuals.first![index]!);
    expect(first!.numbers.get(index)!.residual_diff! / moved, `step ${index}`).toBeCloseTo(1, 4);
    expect(middle!.reused.includes(index), `step ${index}`).toBe(moved < threshold);
    // Both streams add again what the middle added when it was last computed.
    for (const stream of ["middle", "text"])
      if (moved < threshold) expect(relative(residuals[stream]![last]!, residuals[stream]![index]!)).toBeLessThan(1e-4);
    if (moved >= threshold) last = index;
  }
  expect(middle!.reused).toEqual([1, 2, 4]);
});

async function difference(after: Tensors[string], before: Tensors[string]): Promise<Float32Array> {
  const [a, b] = [(await after.read()).data as Float32Array, (await before.read()).data as Float32Array];
  return a.map((value, i) => value - b[i]!);
}

function relative(before: Float32Array, now: Float32Array): number {
  const sum = (values: Float32Array): number => values.reduce((total, value) => total + Math.abs(value), 0);
  return sum(now.map((value, i) => value - before[i]!)) / sum(before);
}
