import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** An image to be drawn in a process of its own. */
export interface DrawingRun {
  /** A config without functions: plugins by their folders. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly cacheDir: string;
  /** Images one after the other, of which the fastest counts. */
  readonly rounds: number;
}

export interface MeasuredDrawing {
  /** Of the denoising loop, and from the prompt to pixels. */
  readonly denoiseSeconds: number;
  readonly seconds: number;
  /** Of all threads, of the denoising loop with the prompt's encoder, and of the whole. */
  readonly denoiseProcessor: number;
  readonly processor: number;
  /** The most that was resident at once while it drew, mapped weights that were read among it. */
  readonly bytes: number;
  /** One line a plugin. */
  readonly summaries: readonly string[];
}

export interface Drawn extends MeasuredDrawing {
  /** Pixels, in bytes. */
  readonly pixels: Uint8Array;
}

const root = fileURLToPath(new URL("..", import.meta.url));

/** What a config calls a plugin of this repository, wherever the config lies. */
export function pluginFolder(name: string): string {
  return join(root, "plugins", name);
}

/** Draws, with a compiled engine in the cache or without. */
export function drawApart(run: DrawingRun): Drawn {
  const out = join(run.cacheDir, "drawn.pixels");
  mkdirSync(run.cacheDir, { recursive: true });
  const child = fileURLToPath(new URL("./drawing-child.ts", import.meta.url));
  const command = ["--import", "tsx", "--conditions=@skipstep/source", child, JSON.stringify(run), out];
  const measured: MeasuredDrawing = JSON.parse(execFileSync(process.execPath, command, { encoding: "utf8" }));
  const pixels = new Uint8Array(readFileSync(out));
  rmSync(out);
  return { ...measured, pixels };
}

/** Decibels between images in bytes. */
export function pixelsPsnr({ pixels: a }: Drawn, { pixels: b }: Drawn): number {
  const squares = a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
  return 10 * Math.log10((255 ** 2 * a.length) / squares);
}
