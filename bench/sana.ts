import { join } from "node:path";
import { autoencoderDc, autoencoderKl, type Sizes, sana, unet2DCondition, zImage } from "@skipstep/core/model";
import type { Benchmark, Figure, Say } from "./benchmark";
import { type ComponentRun, type MeasuredRun, measureComponent } from "./component-run";
import { writeRandomModel } from "./random-checkpoint";
import { sana600M } from "./sana-configs";
import { sd15 } from "./sd15-configs";
import { inTemporaryFolder } from "./temporary-folder";

/** Layers of Z-Image that are measured, and those that it has: all of them are 24 GB in float32. */
const MEASURED = [2, 4] as const;
const LAYERS = 30;
const sides = [512, 1024] as const;

/** One image: a pass of the denoiser a step, then the decoder. */
interface Drawn {
  readonly title: string;
  readonly steps: number;
  readonly pass: MeasuredRun;
  readonly decode: MeasuredRun;
}

export const sanaBenchmark: Benchmark = {
  name: "sana",
  about: `An image at full size with random weights, float32, without its prompt's encoder: steps times a pass of the denoiser, and the decoder, each component in a process of its own, with the most anonymous memory of either (RssAnon: without pages of mapped files). SANA of 0.6 billion parameters and Stable Diffusion 1.5 in 20 guided steps; Z-Image in the 8 unguided steps of Turbo, its ${LAYERS} layers reckoned from ${MEASURED.join(" and ")} of them, time and memory alike.`,
  run: (say) =>
    inTemporaryFolder(async (folder) =>
      sides.flatMap((side) => all(folder, side, say).flatMap((one) => figures(side, one))),
    ),
};

function all(folder: string, side: number, say: Say): Drawn[] {
  const component = (run: Omit<ComponentRun, "folder" | "rounds">, name: string = run.model): MeasuredRun => {
    const measured = measureComponent({ ...run, folder: join(folder, name), rounds: 2 });
    say(`${name} at ${side}: ${measured.seconds.toFixed(2)} s`);
    return measured;
  };
  const write = (name: string, request: Omit<Parameters<typeof writeRandomModel>[1], "dtype">): string => {
    writeRandomModel(join(folder, name), { dtype: "float16", ...request });
    return name;
  };
  const latents = side / 8;
  const kl = (channels: number): MeasuredRun => {
    const config = { ...sd15.vae, latent_channels: channels };
    const has = (name: string): boolean => !/\.(query|key|value|proj_attn)\./.test(name);
    const name = write(`decoder of ${channels}`, { architecture: autoencoderKl, config, has });
    return component({ model: "kl decoder", sizes: { B: 1, h: latents, w: latents } }, name);
  };
  write("sana transformer", { architecture: sana, config: sana600M.transformer });
  write("sana decoder", { architecture: autoencoderDc, config: sana600M.vae });
  write("sd15 unet", { architecture: unet2DCondition, config: sd15.unet, has: () => true });
  const zLayers = MEASURED.map((n_layers) => {
    const name = write(`z-image of ${n_layers}`, { architecture: zImage, config: { n_layers } });
    const tokens = (latents / 2) ** 2;
    const sizes: Sizes = { B: 1, h: latents / 2, w: latents / 2, L: 64, T: tokens + 64 };
    return component({ model: "z-image transformer", sizes }, name);
  }) as [MeasuredRun, MeasuredRun];
  return [
    {
      title: "SANA 0.6B",
      steps: 20,
      pass: component({ model: "sana transformer", sizes: { B: 2, H: side / 32, W: side / 32, S: 40 } }),
      decode: component({ model: "sana decoder", sizes: { B: 1, h: side / 32, w: side / 32 } }),
    },
    {
      title: "Stable Diffusion 1.5",
      steps: 20,
      pass: component({ model: "sd15 unet", sizes: { B: 2, h: latents, w: latents, S: 77 } }),
      decode: kl(4),
    },
    { title: "Z-Image", steps: 8, pass: atAllLayers(zLayers), decode: kl(16) },
  ];
}

/** What is the same for each layer goes on in a straight line. */
function atAllLayers([few, more]: readonly [MeasuredRun, MeasuredRun]): MeasuredRun {
  const reckon = (of: (run: MeasuredRun) => number): number =>
    of(more) + ((of(more) - of(few)) / (MEASURED[1] - MEASURED[0])) * (LAYERS - MEASURED[1]);
  return { seconds: reckon(({ seconds }) => seconds), anonymousBytes: reckon(({ anonymousBytes }) => anonymousBytes) };
}

function figures(side: number, { title, steps, pass, decode }: Drawn): Figure[] {
  const what = `${title}, ${side} x ${side}`;
  const bytes = Math.max(pass.anonymousBytes, decode.anonymousBytes);
  return [
    { what: `${what}, an image in ${steps} steps`, value: steps * pass.seconds + decode.seconds, unit: "s" },
    { what: `${what}, a pass`, value: pass.seconds, unit: "s" },
    { what: `${what}, decoding`, value: decode.seconds, unit: "s" },
    { what: `${what}, memory`, value: bytes / 1e9, unit: "GB" },
  ];
}
