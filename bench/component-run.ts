import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  type Architecture,
  autoencoderDc,
  autoencoderKl,
  autoencoderTiny,
  type Sizes,
  sana,
  unet2DCondition,
  zImage,
} from "@skipstep/core/model";

/** Functions of models that are measured by themselves. */
export const architectures: Readonly<Record<string, { readonly architecture: Architecture; readonly entry: string }>> =
  {
    "sana transformer": { architecture: sana, entry: "forward" },
    "sana decoder": { architecture: autoencoderDc, entry: "decode" },
    "sd15 unet": { architecture: unet2DCondition, entry: "forward" },
    "kl decoder": { architecture: autoencoderKl, entry: "decode" },
    "tiny decoder": { architecture: autoencoderTiny, entry: "decode" },
    "z-image transformer": { architecture: zImage, entry: "forward" },
  };

export interface ComponentRun {
  /** With config.json, weights, and a cache. */
  readonly folder: string;
  /** A key of `architectures`. */
  readonly model: string;
  readonly sizes: Sizes;
  readonly rounds: number;
  /** All cores where it is left out. */
  readonly threads?: number;
}

export interface MeasuredRun {
  /** The least of all rounds. */
  readonly seconds: number;
  /** The most anonymous memory that was resident at once: without pages of mapped files. */
  readonly anonymousBytes: number;
}

/** Compiles the component in one process, and runs it in another. */
export function measureComponent(run: ComponentRun): MeasuredRun {
  execChild({ ...run, rounds: 0 });
  return execChild(run);
}

function execChild(run: ComponentRun): MeasuredRun {
  const child = fileURLToPath(new URL("./component-child.ts", import.meta.url));
  const command = ["--import", "tsx", "--conditions=@skipstep/source", child, JSON.stringify(run)];
  return JSON.parse(execFileSync(process.execPath, command, { encoding: "utf8" }));
}
