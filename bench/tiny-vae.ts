import { join } from "node:path";
import { autoencoderKl, autoencoderTiny } from "@skipstep/core/model";
import type { Benchmark, Figure, Say } from "./benchmark";
import { type MeasuredRun, measureComponent } from "./component-run";
import { writeRandomModel } from "./random-checkpoint";
import { sd15 } from "./sd15-configs";
import { inTemporaryFolder } from "./temporary-folder";

const ROUNDS = 3;

/** Decoders by the channels of their latents, at the size that their models draw. */
const kinds = [
  { title: "Stable Diffusion's", tiny: "TAESD", channels: 4, side: 512 },
  { title: "FLUX.1's", tiny: "TAEF1", channels: 16, side: 1024 },
] as const;
type Kind = (typeof kinds)[number];

export const tinyVaeBenchmark: Benchmark = {
  name: "tiny-vae",
  about: `Decoding an image with a pipeline's AutoencoderKL and with the AutoencoderTiny that stands for it, at full size with random weights, float32: each in a process of its own, in turns, the least of ${ROUNDS}, with the most anonymous memory (RssAnon).`,
  run: (say) =>
    inTemporaryFolder(async (folder) => kinds.flatMap((kind) => figures(kind, measured(folder, kind, say)))),
};

interface Pair {
  readonly large: MeasuredRun;
  readonly tiny: MeasuredRun;
}

function measured(folder: string, { tiny: name, channels, side }: Kind, say: Say): Pair {
  const place = (kind: string): string => join(folder, `${kind} of ${channels}`);
  const config = { ...sd15.vae, latent_channels: channels };
  const has = (name: string): boolean => !/\.(query|key|value|proj_attn)\./.test(name);
  writeRandomModel(place("kl"), { architecture: autoencoderKl, config, dtype: "float16", has });
  const small = { latent_channels: channels };
  writeRandomModel(place("tiny"), { architecture: autoencoderTiny, config: small, dtype: "float16" });
  const sizes = { B: 1, h: side / 8, w: side / 8 };
  const decode = (kind: "kl" | "tiny"): MeasuredRun =>
    measureComponent({ folder: place(kind), model: `${kind} decoder`, sizes, rounds: 1 });
  const turns = Array.from({ length: ROUNDS }, () => ({ large: decode("kl"), tiny: decode("tiny") }));
  const least = (of: keyof Pair): MeasuredRun =>
    turns.map((turn) => turn[of]).reduce((best, run) => (run.seconds < best.seconds ? run : best));
  const pair = { large: least("large"), tiny: least("tiny") };
  say(`${name} at ${side}: ${pair.large.seconds.toFixed(2)} s and ${pair.tiny.seconds.toFixed(2)} s`);
  return pair;
}

function figures({ title, tiny: name, side }: Kind, { large, tiny }: Pair): Figure[] {
  const what = (of: string): string => `${of} decoder, ${side} x ${side}`;
  return [
    { what: what(title), value: large.seconds, unit: "s" },
    { what: what(name), value: tiny.seconds, unit: "s" },
    { what: `${what(name)}, faster by`, value: large.seconds / tiny.seconds, unit: "times" },
    { what: `${what(title)}, memory`, value: large.anonymousBytes / 1e9, unit: "GB" },
    { what: `${what(name)}, memory`, value: tiny.anonymousBytes / 1e9, unit: "GB" },
  ];
}
