import { join } from "node:path";
import { autoencoderKl, autoencoderTiny } from "@skipstep/core/model";
import type { Benchmark, Figure, Say } from "./benchmark";
import { type MeasuredRun, measureComponent } from "./component-run";
import { median } from "./measure";
import { writeRandomModel } from "./random-checkpoint";
import { sd15 } from "./sd15-configs";
import { inTemporaryFolder } from "./temporary-folder";

const ROUNDS = 3;
const SIDE = 512;
/** Of FLUX.1's latents. Stable Diffusion's decoder, of 4, differs in its first convolution. */
const CHANNELS = 16;

export const tinyVaeBenchmark: Benchmark = {
  name: "tiny-vae",
  about: `Decoding an image of ${SIDE} x ${SIDE} with FLUX.1's AutoencoderKL and with the AutoencoderTiny that stands for it (TAEF1), at full size with random weights, float32: each in a process of its own, in turns, the least of ${ROUNDS}, and the median of what neighbouring runs say; with the most anonymous memory (RssAnon). Time and memory grow with the pixels; Stable Diffusion's decoders differ in their first convolution.`,
  run: (say) => inTemporaryFolder(async (folder) => figures(measured(folder, say))),
};

interface Pair {
  readonly large: MeasuredRun;
  readonly tiny: MeasuredRun;
}

interface Measured extends Pair {
  /** How many times faster the tiny one is, whatever else the machine did meanwhile. */
  readonly times: number;
}

function measured(folder: string, say: Say): Measured {
  const place = (kind: string): string => join(folder, kind);
  const config = { ...sd15.vae, latent_channels: CHANNELS };
  const has = (name: string): boolean => !/\.(query|key|value|proj_attn)\./.test(name);
  writeRandomModel(place("kl"), { architecture: autoencoderKl, config, dtype: "float16", has });
  const small = { latent_channels: CHANNELS };
  writeRandomModel(place("tiny"), { architecture: autoencoderTiny, config: small, dtype: "float16" });
  const sizes = { B: 1, h: SIDE / 8, w: SIDE / 8 };
  const decode = (kind: "kl" | "tiny"): MeasuredRun => {
    const run = measureComponent({
      folder: place(kind),
      model: `${kind} decoder`,
      sizes,
      rounds: kind === "kl" ? 1 : 3,
    });
    say(`${kind}: ${run.seconds.toFixed(2)} s`);
    return run;
  };
  const turns = Array.from({ length: ROUNDS }, () => ({ large: decode("kl"), tiny: decode("tiny") }));
  const least = (of: keyof Pair): MeasuredRun =>
    turns.map((turn) => turn[of]).reduce((best, run) => (run.seconds < best.seconds ? run : best));
  const times = median(turns.map(({ large, tiny }) => large.seconds / tiny.seconds));
  return { large: least("large"), tiny: least("tiny"), times };
}

function figures({ large, tiny, times }: Measured): Figure[] {
  return [
    { what: "AutoencoderKL", value: large.seconds, unit: "s" },
    { what: "AutoencoderTiny", value: tiny.seconds, unit: "s" },
    { what: "AutoencoderTiny is faster by", value: times, unit: "times" },
    { what: "AutoencoderKL, memory", value: large.anonymousBytes / 1e9, unit: "GB" },
    { what: "AutoencoderTiny, memory", value: tiny.anonymousBytes / 1e9, unit: "GB" },
  ];
}
