import { totalmem } from "node:os";
import type { GenerateConfig } from "../config/config";
import { type LimitChoice, type Limits, usualLimits } from "../config/limits";
import { gigabytes } from "../errors/gigabytes";
import { loraBytes } from "../weights/lora/lora-bytes";
import { imagesSetting, type SettingProblem } from "./family";
import { memoryNeed } from "./memory-need";
import type { RecognisedModel } from "./recognised-model";
import { imageCount, type Settings } from "./settings";

/**
 * Settings above the limits, before anything is made of their numbers.
 * @param given what config and request say, for which of two numbers is to blame
 */
export function limitProblems(
  model: RecognisedModel,
  settings: Settings,
  given: GenerateConfig,
  choice: LimitChoice,
): SettingProblem[] {
  const limits = { ...usualLimits, ...choice.limits };
  const { num_inference_steps: steps, height, width, max_sequence_length: tokens } = settings;
  const problem = (key: SettingProblem["key"], found: string, limit: keyof Limits): SettingProblem => ({
    key,
    text: `must be at most ${limits[limit]}, found ${found}. "limits": { "${limit}": ... } in the config allows more`,
  });
  const images = Math.max(1, settings.subjects) * settings.num_images_per_prompt;
  const about = (): string => estimateText(memoryNeed(model, settings).all);
  const stepKeys = ["num_inference_steps", "sigmas", "timesteps"] as const; // a list says how many steps there are, too
  const stepKey = stepKeys.find((key) => given[key] !== undefined) ?? "num_inference_steps";
  return [
    ...(steps > limits.num_inference_steps ? [problem(stepKey, `${steps} steps`, "num_inference_steps")] : []),
    ...(tokens > limits.max_sequence_length
      ? [problem("max_sequence_length", `${tokens}`, "max_sequence_length")]
      : []),
    ...(images > limits.images ? [problem(imagesSetting(model.family), `${images} images${about()}`, "images")] : []),
    ...Object.entries({ height, width }).flatMap(([key, side]) =>
      side > limits.side ? [problem(key, `${side}${about()}`, "side")] : [],
    ),
  ];
}

/** A generation that takes more memory than there is. */
export function memoryProblems(
  model: RecognisedModel,
  settings: Settings,
  { limits = {}, device = "cpu", device_map }: LimitChoice,
): SettingProblem[] {
  const most = limits.memory_gb === undefined ? machineMemory() : limits.memory_gb * 1e9;
  if (isSmall(settings, most) && loraBytes(settings.loras) < most / 8) return [];
  const need = memoryNeed(model, settings);
  const isOnCpu = device === "cpu" && device_map === undefined;
  // Of an accelerator's memory nothing is known: there only what the program holds itself is compared.
  const bytes = limits.memory_gb !== undefined || isOnCpu ? need.all : need.images;
  if (!(bytes > most)) return [];
  const { height, width, pictures = [] } = settings;
  const looked = pictures.length > 0 ? `, and ${pictures.length} to look at,` : "";
  const { settings: taken } = model.family;
  const images = imageCount(settings);
  const [key, what] = Object.hasOwn(taken, "height")
    ? ["height", `and width ${height} x ${width} with ${images} images${looked} take`]
    : [imagesSetting(model.family), `${images} of ${height} x ${width} takes`];
  const tiling = Object.hasOwn(taken, "vae_tiling") ? " use vae_tiling," : "";
  const why = limits.memory_gb === undefined ? "this machine has" : "limits.memory_gb is";
  return [
    {
      key,
      text: `${what} about ${gigabytes(bytes)} besides the weights, and ${why} ${gigabytes(most)}. Make less at a time,${tiling} or raise "limits": { "memory_gb": ... }`,
    },
  ];
}

/** Bytes a pixel that no decoder takes, and no denoiser for an image; the largest that were seen take half of it. */
const amplePerPixel = 8192;

/** Spares an estimate, for which graphs are built, where there is no question. */
function isSmall(settings: Settings, bytes: number): boolean {
  if ((settings.pictures ?? []).length > 0) return false; // what images come to that are looked at, the family knows
  const pixels = settings.height * settings.width * (1 + imageCount(settings));
  return settings.max_sequence_length <= 512 && pixels * amplePerPixel < bytes / 2;
}

function estimateText(bytes: number): string {
  return Number.isFinite(bytes) ? `, which would take about ${gigabytes(bytes)}` : "";
}

/** Of a container where it has less. */
function machineMemory(): number {
  const constrained = process.constrainedMemory() ?? 0;
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
