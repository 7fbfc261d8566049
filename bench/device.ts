/**
 * What a provider draws and how fast, beside the CPU: `pnpm bench:device webgpu [facts fixtures emoji denoisers]`. A line
 * for each part as soon as it is known, so that a run that is cut off has told something.
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { newGraph } from "@skipstep/contract/graph";
import { createPipeline } from "@skipstep/core";
import type { Architecture, Sizes } from "@skipstep/core/model";
import { dit, openGraph, openWeights, Runtime, unet2DCondition, zImage } from "@skipstep/core/model";
import { errorOf, least, timed } from "./measure";
import { writeRandomModel } from "./random-checkpoint";
import { ditXl2 } from "./random-dit";
import { sd15 } from "./sd15-configs";
import { someInputs } from "./some-inputs";
import { inTemporaryFolder } from "./temporary-folder";

const root = join(import.meta.dirname, "..");
const [provider = "webgpu", ...wanted] = process.argv.slice(2);
const parts: Readonly<Record<string, () => Promise<void>>> = { facts, fixtures, emoji, denoisers };

for (const [name, part] of Object.entries(parts))
  if (wanted.length === 0 || wanted.includes(name)) await part().catch((error) => say(name, oneLine(error)));

function say(what: string, found: string): void {
  console.log(`${what.padEnd(34)} ${found}`);
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? `${error.name} ${error.message}` : String(error)).split("\n")[0]!.slice(0, 300);
}

/** How operators are emitted: the first of their forms that gives what the CPU's gives. */
async function facts(): Promise<void> {
  const script = join(root, "packages/core/test/print-kernel-facts.ts");
  const model = join(root, "models/emoji");
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, script, provider, model]);
  for (const line of stdout.trim().split("\n")) say("forms", line);
}

/** Every small pipeline of the golden data, on both. */
async function fixtures(): Promise<void> {
  const folder = join(root, "test/golden/pipelines");
  for (const name of readdirSync(folder)) {
    if (!existsSync(join(folder, name, "model_index.json"))) continue;
    const what = name === "dit" ? { class_labels: [1] } : { prompt: "a cat" };
    await both(name, join(folder, name), { ...what, num_inference_steps: 4, seed: 1 });
  }
}

async function emoji(): Promise<void> {
  const generate = {
    prompt: "red heart",
    num_inference_steps: 20,
    guidance_scale: 2,
    height: 128,
    width: 128,
    seed: 42,
  };
  await both("emoji", join(root, "models/emoji"), generate);
  if (existsSync(join(root, "models/emoji-unet/unet")))
    await both("emoji-unet", join(root, "models/emoji-unet"), generate);
}

/** Draws on the provider and on the CPU, the second time with everything warm. */
async function both(name: string, model: string, generate: object): Promise<void> {
  await inTemporaryFolder(async (cacheDir) => {
    const draw = async (device: string) => {
      const opening = performance.now();
      const pipeline = await createPipeline({ model, device, generate } as never, { cacheDir });
      const open = (performance.now() - opening) / 1000;
      try {
        const first = await timed(() => pipeline.generate({}));
        const start = performance.now();
        const { images } = await pipeline.generate({});
        return { open, first, second: (performance.now() - start) / 1000, data: images[0]!.data };
      } finally {
        await pipeline.close();
      }
    };
    try {
      const [here, there] = [await draw("cpu"), await draw(provider)];
      let most = 0;
      for (let i = 0; i < here.data.length; i++) most = Math.max(most, Math.abs(here.data[i]! - there.data[i]!));
      const times = ({ open, first, second }: typeof here): string =>
        `opened ${open.toFixed(2)} s, first ${first.toFixed(2)}, second ${second.toFixed(2)} s`;
      say(name, `a byte is ${most} off; cpu ${times(here)}; ${provider} ${times(there)}`);
    } catch (error) {
      say(name, oneLine(error));
    }
  });
}

interface Shape {
  readonly architecture: Architecture;
  readonly config: Readonly<Record<string, unknown>>;
  readonly sizes: Sizes;
}

const shapes: Readonly<Record<string, Shape>> = {
  "DiT-XL/2, 2 x 256 px": { architecture: dit, config: ditXl2, sizes: { B: 2, H: 32, W: 32 } },
  "SD 1.5 U-Net, 2 x 256 px": {
    architecture: unet2DCondition,
    config: sd15.unet,
    sizes: { B: 2, h: 32, w: 32, S: 77 },
  },
  "SD 1.5 U-Net, 2 x 512 px": {
    architecture: unet2DCondition,
    config: sd15.unet,
    sizes: { B: 2, h: 64, w: 64, S: 77 },
  },
  "Z-Image 1280 x 10, 512 px": {
    architecture: zImage,
    config: { dim: 1280, n_layers: 10, n_heads: 10, n_kv_heads: 10, in_channels: 16, cap_feat_dim: 2560 },
    sizes: { B: 1, h: 32, w: 32, L: 64, T: 1088 },
  },
};

/** One pass of denoisers with random weights. */
async function denoisers(): Promise<void> {
  for (const [title, shape] of Object.entries(shapes))
    await inTemporaryFolder((folder) => denoiser(title, folder, shape)).catch((error) => say(title, oneLine(error)));
}

async function denoiser(title: string, folder: string, { architecture, config, sizes }: Shape): Promise<void> {
  writeRandomModel(folder, { architecture, config, dtype: "float16", has: () => true });
  const results: Float32Array[] = [];
  const seconds: number[] = [];
  for (const device of ["cpu", provider]) {
    const runtime = await Runtime.start({ provider: device });
    const weights = openWeights(folder);
    try {
      const graph = newGraph({ component: "denoiser", weights });
      architecture.entries.forward!(graph, architecture.parse(config));
      const program = await openGraph(runtime, graph, {
        identity: weights.identity(folder),
        cacheDir: join(folder, device),
      });
      const inputs = someInputs(runtime, graph, sizes);
      const pass = () =>
        runtime.pass(async () => {
          const out = await Object.values(await program.run(inputs))[0]!.read();
          results[device === "cpu" ? 0 : 1] = Float32Array.from(out.data as Float32Array);
        });
      await pass();
      seconds.push(least([await timed(pass), await timed(pass), await timed(pass)]));
    } finally {
      weights.close();
      await runtime.close();
    }
  }
  const [here, there] = results as [Float32Array, Float32Array];
  const times = seconds.map((value) => `${(value * 1000).toFixed(0)} ms`);
  say(title, `${errorOf(there, here).toExponential(1)} of the largest value; cpu ${times[0]}, ${provider} ${times[1]}`);
}
