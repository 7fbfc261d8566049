import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** One image of Stable Diffusion by stable-diffusion.cpp's command line. */
export interface SdCppRun {
  /** As diffusers has it. */
  readonly folder: string;
  /** Pixels. */
  readonly side: number;
  /** Guided, both branches one after the other. */
  readonly steps: number;
  readonly threads: number;
  /** Of the weights, as ggml names it: `f32`, `f16`, `q8_0`. */
  readonly type: string;
}

export interface SdCppTimes {
  readonly version: string;
  /** Of all steps, and of decoding, by its own log. */
  readonly sampling: number;
  readonly decoding: number;
  /** Of all threads, loading and encoding the prompt among it. */
  readonly processor: number;
}

/** `sd-cli`, built from https://github.com/leejet/stable-diffusion.cpp. */
const binary = process.env.SKIPSTEP_PEERS_SDCPP;

/** Why it cannot take part; `undefined` where it can. */
export function withoutSdCpp(): string | undefined {
  if (binary === undefined) return "SKIPSTEP_PEERS_SDCPP names no sd-cli";
  return existsSync(binary) ? undefined : `${binary} is not there`;
}

/** @returns what it said last, where it drew nothing */
export async function drawWithSdCpp(run: SdCppRun): Promise<SdCppTimes | string> {
  const { folder, side, steps, threads, type } = run;
  const size = ["-W", `${side}`, "-H", `${side}`];
  const drawing = ["--steps", `${steps}`, "--cfg-scale", "4", "--sampling-method", "euler", "--seed", "1"];
  const out = ["-o", join(folder, "sd-cpp.png")];
  const args = ["-m", folder, "-p", "red heart", "--type", type, "-t", `${threads}`, ...size, ...drawing, ...out, "-v"];
  const child = spawn("sh", ["-c", 'time -p "$0" "$@"', binary!, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (log += chunk));
  await once(child, "close");
  const sampling = numberIn(log, /sampling completed, taking ([\d.]+)s/);
  const decoding = numberIn(log, /decode_first_stage completed, taking ([\d.]+)s/);
  if (sampling === undefined || decoding === undefined) return `sd-cli drew nothing: ${log.trim().slice(-300)}`;
  const processor = numberIn(log, /^user ([\d.]+)$/m)! + numberIn(log, /^sys ([\d.]+)$/m)!;
  return { version: /version (\S+)/.exec(log)?.[1] ?? "unknown", sampling, decoding, processor };
}

function numberIn(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}
