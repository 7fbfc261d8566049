import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { autoencoderKl, zImage } from "@skipstep/core/model";
import type { Benchmark, Figure, Say } from "./benchmark";
import { type Drawn, drawApart, pixelsPsnr, pluginFolder } from "./drawing-run";
import { maskedCacheDit, oneScaleInt8, type PluginRow } from "./full-size-plugins";
import { openPeer } from "./peers/contestants";
import { writeRandomModel } from "./random-checkpoint";
import { sd15 } from "./sd15-configs";
import { inTemporaryFolder } from "./temporary-folder";

const emoji = fileURLToPath(new URL("../models/emoji", import.meta.url));
const SIDE = 256;
const STEPS = 10;
const LAYERS = Number(process.env.SKIPSTEP_HEADLINE_LAYERS ?? 3);
/** Z-Image has 30 layers, and 2 refiners for the image and for the text. */
const transformer = { n_layers: LAYERS, n_refiner_layers: 1, cap_feat_dim: 128 };
/** Of the steps, those at which all is computed. */
const mask = [1, 1, 0, 1, 0, 0, 1, 0, 0, 1];

const channelsLast: PluginRow = { use: pluginFolder("channels-last"), options: {} };
const flash: PluginRow = { use: pluginFolder("xformers"), options: { op: "flash" } };
const cacheDit = maskedCacheDit(mask, 1);
const int8 = oneScaleInt8;
const gate: PluginRow = {
  use: pluginFolder("guidance"),
  options: { cfg_gate_mask: mask.map((entry, step) => (step === 9 ? 0 : entry)), cfg_gate_order: 1 },
};

/** Each with what those before it have. */
const rows: readonly (readonly [title: string, plugins: readonly PluginRow[]])[] = [
  ["plain", []],
  ["channels-last and flash", [channelsLast, flash]],
  ["and cache-dit", [channelsLast, flash, cacheDit]],
  ["and int8", [channelsLast, flash, int8, cacheDit]],
  ["and the guidance gate", [channelsLast, flash, int8, gate, cacheDit]],
];

export const headlineBenchmark: Benchmark = {
  name: "headline",
  about: `An image by a Z-Image of full width (3840, 30 heads) with ${LAYERS} of its 30 layers and one refiner of two, its decoder at full size and the shipped model's text encoder, random weights, ${SIDE} x ${SIDE} in ${STEPS} guided steps, one branch after the other. Each row has what those above it have. Every row in a process of its own, compiled before and the first image; resident memory at most, pages of mapped weights among it; PSNR against the plain image, of random weights, that is, which let differences grow. OpenVINO: a pass of the same transformer for one branch, in turns with nothing else, and what ${STEPS} guided steps of it take; SKIPSTEP_PEERS_PYTHON names its Python.`,
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const model = join(folder, "z-image");
      say(`${(writeModel(model) / 1e6).toFixed(0)} million parameters of the transformer`);
      const cacheDir = join(folder, "cache");
      const generate = {
        prompt: "red heart",
        height: SIDE,
        width: SIDE,
        num_inference_steps: STEPS,
        guidance_scale: 4,
        seed: 1,
      };
      const drawn = new Map<string, Drawn>();
      for (const [title, plugins] of rows) {
        const config = { model, generate, plugins, guidance: "separate" };
        const one = drawApart({ config, cacheDir, rounds: 1 });
        drawn.set(title, one);
        say(`${title}: ${one.seconds.toFixed(1)} s; ${one.summaries.join("; ")}`);
      }
      const plain = drawn.get("plain")!;
      return [
        ...[...drawn].flatMap(([title, one]): Figure[] => figures(title, one, plain)),
        ...(await openVino(join(model, "transformer"), say)),
      ];
    }),
};

function writeModel(folder: string): number {
  cpSync(emoji, folder, { recursive: true, filter: (path) => !["transformer", "vae"].includes(basename(path)) });
  const index = join(folder, "model_index.json");
  writeFileSync(index, readFileSync(index, "utf8").replace("AutoencoderTiny", "AutoencoderKL"));
  writeRandomModel(join(folder, "vae"), {
    architecture: autoencoderKl,
    config: { ...sd15.vae, latent_channels: 16 },
    dtype: "float16",
    has: (name) => !/\.(query|key|value|proj_attn)\./.test(name),
  });
  return writeRandomModel(join(folder, "transformer"), {
    architecture: zImage,
    config: transformer,
    dtype: "float16",
  });
}

function figures(title: string, drawn: Drawn, plain: Drawn): Figure[] {
  const { seconds, processor, denoiseSeconds, bytes } = drawn;
  return [
    { what: `${title}: an image`, value: seconds, unit: "s" },
    { what: `${title}: processor`, value: processor, unit: "s" },
    { what: `${title}: a step`, value: denoiseSeconds / STEPS, unit: "s" },
    { what: `${title}: memory`, value: bytes / 1e9, unit: "GB" },
    ...(drawn === plain ? [] : [{ what: `${title}: PSNR`, value: pixelsPsnr(drawn, plain), unit: "dB" } as const]),
  ];
}

async function openVino(folder: string, say: Say): Promise<Figure[]> {
  const sizes = { B: 1, h: SIDE / 16, w: SIDE / 16, L: 32, T: (SIDE / 16) ** 2 + 32 };
  const figures: Figure[] = [];
  for (const precision of ["float32", "bfloat16"] as const) {
    const peer = await openPeer({ model: "z-image", folder, sizes, threads: 2, peer: "openvino", precision });
    if (typeof peer === "string") {
      say(`OpenVINO, ${precision}, is left out: ${peer}`);
      continue;
    }
    const costs = [await peer.run(), await peer.run()];
    await peer.close();
    const [seconds, processor] = (["seconds", "processor"] as const).map((of) =>
      Math.min(...costs.map((cost) => cost[of])),
    ) as [number, number];
    figures.push(
      { what: `OpenVINO, ${precision}: denoising of an image`, value: 2 * STEPS * seconds, unit: "s" },
      { what: `OpenVINO, ${precision}: processor`, value: 2 * STEPS * processor, unit: "s" },
      { what: `OpenVINO, ${precision}: a step`, value: 2 * seconds, unit: "s" },
      {
        what: `OpenVINO, ${precision}: memory`,
        value: Math.max(...costs.map(({ bytes }) => bytes ?? 0)) / 1e9,
        unit: "GB",
      },
    );
  }
  return figures;
}
