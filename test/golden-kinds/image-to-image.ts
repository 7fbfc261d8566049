import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "@skipstep/contract/graph";
import type { ConfigInput, GenerateConfig } from "@skipstep/core";
import { isBuilt } from "../../packages/core/test/is-built";
import { type Picture, picturesOf } from "./pictures";
import { expectImages, generate } from "./pipelines";

/** What the reference was called with. */
interface About {
  /** Folder below `pipelines`. */
  readonly pipeline: string;
  readonly seed: number;
  readonly call: GenerateConfig;
  /** Where the call does not say them; the size of the picture, since a small model cannot draw its family's usual one. */
  readonly height?: number;
  readonly width?: number;
  readonly num_inference_steps?: number;
  /** In place of the checkpoint's: folders below the golden folder. */
  readonly components?: Readonly<Record<string, string>>;
  /** In place of the checkpoint's: what diffusers' `from_config` was told. */
  readonly scheduler?: NonNullable<ConfigInput["scheduler"]>;
}

const TOLERANCE = 2e-3;

/** From an image and a seed to an image. @returns `undefined` for a family that is not built yet */
export function imageToImageCase(folder: string, root: string): (() => Promise<void>) | undefined {
  const about: About = JSON.parse(readFileSync(join(folder, "about.json"), "utf8"));
  const { pipeline, seed, components = {}, scheduler, height, width, num_inference_steps } = about;
  const call = withoutTemplates(about.call);
  const model = join(root, "pipelines", pipeline);
  if (!isBuilt(model)) return undefined;
  return async () => {
    const io = readSafetensors(join(folder, "io.safetensors"));
    const [picture] = picturesOf(io.get("in.image")!) as [Picture];
    const size = height === undefined || width === undefined ? {} : { height, width };
    const steps = num_inference_steps === undefined ? {} : { num_inference_steps };
    const others = Object.fromEntries(Object.entries(components).map(([name, path]) => [name, join(root, path)]));
    const config = {
      model,
      components: others,
      generate: { ...size, ...steps, ...call },
      ...(scheduler ? { scheduler } : {}),
    };
    expectImages(await generate(config, { seed, picture }), io.get("out.image")!, TOLERANCE);
  };
}

/** diffusers' Z-Image writes its chat template into the caller's list of prompts, which was noted down after the call. */
export function withoutTemplates(call: GenerateConfig): GenerateConfig {
  const bare = (text: unknown): unknown => (Array.isArray(text) ? text.map(bareText) : text);
  return Object.fromEntries(Object.entries(call).map(([key, value]) => [key, bare(value)]));
}

function bareText(text: unknown): unknown {
  return typeof text === "string" ? text.replace(/^<\|im_start\|>user\n(.*)<\|im_end\|>\n.*$/s, "$1") : text;
}
