import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectWithin, readSafetensors } from "@skipstep/contract/graph";
import {
  type ConfigInput,
  createPipeline,
  type GenerateRequest,
  type GenerateResult,
  type Image,
  type RegionReport,
} from "@skipstep/core";
import { type Floats, floats, stack, type Tensor } from "@skipstep/core/model";
import type { PluginClass } from "@skipstep/core/plugin";
import { CacheDit } from "@skipstep/plugin-cache-dit";
import { DeepCache } from "@skipstep/plugin-deepcache";
import { EasyCache } from "@skipstep/plugin-easycache";
import { FirstBlockCache } from "@skipstep/plugin-fbcache";
import { Fora } from "@skipstep/plugin-fora";
import { Guidance } from "@skipstep/plugin-guidance";
import { MagCache } from "@skipstep/plugin-magcache";
import { SeaCache } from "@skipstep/plugin-seacache";
import { TeaCache } from "@skipstep/plugin-teacache";
import { ToMe } from "@skipstep/plugin-tome";
import { expect } from "vitest";
import { isBuilt } from "../../packages/core/test/is-built";
import { onDevice, strict } from "../device";
import { engineCache } from "../run-folder";
import { type Recorded, settingsOf } from "./recorded";

/** What the reference was called with, and what it did. */
interface Call extends Recorded {
  /** In place of the checkpoint's: what diffusers' `from_config` was told. */
  readonly scheduler?: NonNullable<ConfigInput["scheduler"]>;
  readonly plugin?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** By block list or context: what the reference decided. */
  readonly stats?: Readonly<Record<string, CacheStats>>;
  readonly calibrator?: object | null;
  /** Calls of the model that ran both guidance branches. */
  readonly guided_calls?: readonly number[];
  /** What fora did, or the prompt's branch under other plugins, step by step. */
  readonly decisions?: readonly ("compute" | "reuse")[];
  /** Every number that decided, step by step; of plugins whose branches decide for themselves, by branch. */
  readonly measured?: readonly Measured[] | Readonly<Record<"cond" | "uncond", readonly Measured[]>>;
}

/** What was measured at a step; null and words stand for what was not. */
interface Measured {
  readonly step: number;
  readonly [name: string]: number | string | boolean | null;
}

interface CacheStats {
  readonly cached_steps: readonly number[];
  readonly residual_diffs?: Readonly<Record<string, number>>;
  /** Of TeaCache: how the modulated input moved, and the sum of that, rescaled. */
  readonly input_diffs?: Readonly<Record<string, number>>;
  readonly accumulated?: Readonly<Record<string, number>>;
  /** Of the second guidance branch, where it runs by itself. */
  readonly cfg_cached_steps?: readonly number[];
  readonly cfg_residual_diffs?: Readonly<Record<string, number>>;
}

/**
 * One call of a pipeline: `<file>.json` says what, `<file>.safetensors` what came out.
 * @param tolerance largest difference of a pixel, 0..1
 * @returns `undefined` for a family or a plugin that is not built yet
 */
export function pipelineCase(model: string, file: string, tolerance: number): (() => Promise<void>) | undefined {
  const { plugin, options, stats, calibrator, decisions, guided_calls, measured, scheduler, ...recorded }: Call =
    JSON.parse(readFileSync(`${file}.json`, "utf8"));
  const configs = plugin === undefined ? [{}] : configsFor(plugin, options ?? {}, calibrator ?? null);
  if (configs.length === 0 || !isBuilt(model)) return undefined;
  return async () => {
    const io = readSafetensors(`${file}.safetensors`);
    for (const config of configs) {
      const result = await generate(
        {
          model,
          ...config,
          strict: strict || plugin !== "tome",
          generate: settingsOf(recorded, file),
          ...(scheduler ? { scheduler } : {}),
        },
        // With a seed the noise is Skipstep's own.
        typeof recorded.seed === "number"
          ? { seed: recorded.seed }
          : { latents: withoutFrames(io.get("in.latents") as Floats) },
      );
      if (decisions && plugin !== "tome") expectReused(result, (step) => decisions[step] === "reuse");
      if (plugin === "deepcache") expectReused(result, deepCacheReuses(model, scheduler, options));
      if (guided_calls) expect(result.report.plugins[0]!.guidance!.guided, "guided calls").toEqual(guided_calls);
      if (measured) expectMeasured(result, measured);
      if (stats) expectDecisions(result, Object.values(stats)[0]!);
      expectImages(result, io.get("out.image")!, tolerance);
    }
  };
}

/** Noise as pipelines here have it: the reference's of video models has an axis of frames, of which there is one. */
export function withoutFrames({ shape, ...latents }: Floats): Floats {
  return { ...latents, shape: shape.length === 5 ? [shape[0]!, ...shape.slice(2)] : shape };
}

/** @param expected `[H, W, 3]`, or `[B, H, W, 3]` for a batch @param tolerance largest difference of a pixel, 0..1 */
export function expectImages({ images }: GenerateResult, expected: Tensor, tolerance: number): void {
  const [{ width, height }] = images as [Image, ...Image[]];
  const pixels = stack(images.map(({ values }) => floats([1, height, width, 3], values)));
  const isBatch = expected.shape.length === 4;
  expectWithin("image", isBatch ? pixels : floats([height, width, 3], images[0]!.values), expected, tolerance);
}

/** Opens a pipeline for one call, on the device under test. */
export async function generate(config: ConfigInput, request: GenerateRequest): Promise<GenerateResult> {
  const pipeline = await createPipeline({ ...onDevice, ...config }, { cacheDir: engineCache });
  try {
    return await pipeline.generate(request);
  } finally {
    await pipeline.close();
  }
}

/** Configs that must all decide and draw as the reference did; none for a plugin that is not built yet. */
function configsFor(
  name: string,
  options: Readonly<Record<string, unknown>>,
  calibrator: object | null,
): Pick<ConfigInput, "plugins" | "guidance">[] {
  if (name === "fora") return [{ plugins: [{ use: Fora, options }] }];
  if (name === "fbcache") return [{ plugins: [{ use: FirstBlockCache, options }] }];
  if (name === "teacache") return [{ plugins: [{ use: TeaCache, options }] }];
  if (name === "magcache") return [{ plugins: [{ use: MagCache, options }] }];
  if (name === "deepcache") return [{ plugins: [{ use: DeepCache, options }] }];
  if (name === "cfg-interval" || name === "cfg-gate") return guidanceConfigs(options);
  if (name === "easycache" || name === "ucache") return bothGuidances({ use: EasyCache, options });
  if (name === "seacache") return bothGuidances({ use: SeaCache, options });
  if (name === "tome") return [{ plugins: [{ use: ToMe, options }] }];
  if (name !== "cache-dit") return [];
  // Whose pass it is, and how many there are, Skipstep knows itself.
  const { enable_separate_cfg, cfg_compute_first, num_inference_steps, ...own } = options;
  const guidance = enable_separate_cfg === true ? "separate" : "batch";
  const uses = [
    { use: CacheDit, options: { ...own, ...calibrator } },
    ...(isFirstBlockCache(options, calibrator) ? [{ use: FirstBlockCache, options: firstBlockOptions(options) }] : []),
  ];
  return uses.map((use) => ({ plugins: [use], guidance }));
}

/** The same in one batch and in two. @param options with what the reference says of its run beside them */
function guidanceConfigs({
  first_reused_call: _,
  ...options
}: Readonly<Record<string, unknown>>): Pick<ConfigInput, "plugins" | "guidance">[] {
  return bothGuidances({ use: Guidance, options });
}

/** In one batch and in two it must come to the same. */
function bothGuidances(plugin: { use: PluginClass; options: object }): Pick<ConfigInput, "plugins" | "guidance">[] {
  return (["batch", "separate"] as const).map((guidance) => ({ plugins: [plugin], guidance }));
}

/** cache-dit with one block in front and no limits is First Block Cache. */
function isFirstBlockCache(options: Readonly<Record<string, unknown>>, calibrator: object | null): boolean {
  const plain = {
    Fn_compute_blocks: 1,
    Bn_compute_blocks: 0,
    max_cached_steps: -1,
    max_continuous_cached_steps: -1,
    warmup_interval: 1,
    max_accumulated_residual_diff_threshold: null,
    steps_computation_mask: null,
    enable_separate_cfg: false,
  };
  return calibrator === null && Object.entries(plain).every(([key, value]) => options[key] === value);
}

function firstBlockOptions({ residual_diff_threshold, max_warmup_steps }: Readonly<Record<string, unknown>>): object {
  return { threshold: residual_diff_threshold, warmup_steps: max_warmup_steps };
}

/** Every region is reused at these steps and computed at all others. */
function expectReused({ report }: GenerateResult, reuses: (step: number) => boolean): void {
  const { regions } = report.plugins[0]!;
  expect(regions.length).toBeGreaterThan(0);
  for (const { name, computed, reused } of regions) {
    const steps = ascending([...computed, ...reused]);
    expect(reused, `reused steps of ${name}`).toEqual(steps.filter(reuses));
  }
}

/** DeepCacheSDHelper looks a timestep up in the schedule: where PNDM has one twice, it takes the first. */
function deepCacheReuses(
  model: string,
  scheduler: Call["scheduler"],
  options: Call["options"],
): (step: number) => boolean {
  const file = join(model, "scheduler/scheduler_config.json");
  const own: { _class_name: string } = JSON.parse(readFileSync(file, "utf8"));
  const isRepeated = (scheduler?.type ?? own._class_name).includes("PNDM");
  return (step) => (isRepeated && step === 2 ? 1 : step) % (options?.cache_interval as number) !== 0;
}

/** The same steps reused, and the same differences measured, within 1e-3 of each. */
function expectDecisions({ report }: GenerateResult, stats: CacheStats): void {
  const { cached_steps, residual_diffs = {}, cfg_cached_steps = [], cfg_residual_diffs = {} } = stats;
  const { regions } = report.plugins[0]!;
  const reused = regions.flatMap((region) => region.reused);
  expect(ascending(reused), "reused steps").toEqual(ascending([...cached_steps, ...cfg_cached_steps]));
  expectDifferences(regions, "residual_diff", residual_diffs);
  expectDifferences(regions, "cfg_residual_diff", cfg_residual_diffs);
  if (stats.input_diffs) expectDifferences(regions, "input_diff", stats.input_diffs);
  if (stats.accumulated) expectDifferences(regions, "accumulated", stats.accumulated);
}

/** Of the negative prompt's branch nothing is measured where both are in one batch. */
function expectMeasured({ report }: GenerateResult, measured: NonNullable<Call["measured"]>): void {
  const { regions } = report.plugins[0]!;
  const branches = "cond" in measured ? { "": measured.cond, cfg_: measured.uncond ?? [] } : { "": measured };
  for (const [prefix, steps] of Object.entries(branches)) {
    const names = new Set(steps.flatMap((step) => Object.keys(step)));
    for (const name of ["step", "sigma"]) names.delete(name);
    for (const name of names) {
      const numbers = steps.flatMap((step) =>
        typeof step[name] === "number" ? [[`${step.step}`, step[name]] as const] : [],
      );
      const isMissing = prefix !== "" && !regions.some((region) => region.numbers[`${prefix}${name}`]);
      if (numbers.length > 0 && !isMissing) expectDifferences(regions, `${prefix}${name}`, Object.fromEntries(numbers));
    }
  }
}

function expectDifferences(
  regions: readonly RegionReport[],
  name: string,
  differences: Readonly<Record<string, number>>,
): void {
  const measured = regions.find(({ numbers }) => numbers[name])?.numbers[name] ?? {};
  expect(Object.keys(measured), `steps with a ${name}`).toEqual(Object.keys(differences));
  for (const [step, expected] of Object.entries(differences))
    expect(Math.abs(measured[step]! / expected - 1), `${name} at step ${step}`).toBeLessThanOrEqual(1e-3);
}

function ascending(steps: readonly number[]): number[] {
  return [...steps].sort((a, b) => a - b);
}
