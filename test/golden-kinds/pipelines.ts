import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ConfigInput,
  createPipeline,
  type GenerateConfig,
  type GenerateRequest,
  type GenerateResult,
  type Image,
} from "@skipstep/core";
import { FirstBlockCache } from "@skipstep/plugin-fbcache";
import { expect } from "vitest";
import { families } from "../../packages/core/src/pipelines/families";
import { stack } from "../../packages/core/src/pipelines/guidance";
import { type Floats, floats, type Tensor } from "../../packages/core/src/tensor";
import { readSafetensors } from "../../packages/core/test/read-safetensors";
import { expectWithin } from "./close";

/** What the reference was called with, and what it did. */
interface Call extends Omit<GenerateConfig, "seed"> {
  /** Arguments of the pipeline, in pipelines' cases; emoji's stand beside it. */
  readonly call?: GenerateConfig;
  readonly seed?: number;
  /** In place of the checkpoint's: what diffusers' `from_config` was told. */
  readonly scheduler?: NonNullable<ConfigInput["scheduler"]>;
  readonly plugin?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  /** By block list or context: what cache-dit decided. */
  readonly stats?: Readonly<Record<string, CacheStats>>;
  readonly calibrator?: object | null;
}

interface CacheStats {
  readonly cached_steps: readonly number[];
  readonly residual_diffs: Readonly<Record<string, number>>;
}

/**
 * One call of a pipeline: `<file>.json` says what, `<file>.safetensors` what came out.
 * @param tolerance largest difference of a pixel, 0..1
 * @returns `undefined` for a family or a plugin that is not built yet
 */
export function pipelineCase(model: string, file: string, tolerance: number): (() => Promise<void>) | undefined {
  const { call, plugin, options, stats, calibrator, seed, scheduler, ...rest }: Call = JSON.parse(
    readFileSync(`${file}.json`, "utf8"),
  );
  const plugins = plugin === undefined ? [] : pluginFor(plugin, options ?? {}, calibrator ?? null);
  if (!plugins || !isBuilt(model)) return undefined;
  return async () => {
    const io = readSafetensors(`${file}.safetensors`);
    const result = await generate(
      { model, plugins, strict: true, generate: { ...rest, ...call }, ...(scheduler ? { scheduler } : {}) },
      // With a seed the noise is Skipstep's own.
      seed === undefined ? { latents: io.get("in.latents") as Floats } : { seed },
    );
    if (stats) expectDecisions(result, Object.values(stats)[0]!);
    expectImages(result, io.get("out.image")!, tolerance);
  };
}

/** Whether the family of a pipeline's folder is built. A folder that is not there is told by the test that runs on it. */
export function isBuilt(model: string): boolean {
  const index = join(model, "model_index.json");
  if (!existsSync(index)) return true;
  const { _class_name: className } = JSON.parse(readFileSync(index, "utf8"));
  return families.some((family) => family.className === className);
}

/** @param expected `[H, W, 3]`, or `[B, H, W, 3]` for a batch @param tolerance largest difference of a pixel, 0..1 */
export function expectImages({ images }: GenerateResult, expected: Tensor, tolerance: number): void {
  const [{ width, height }] = images as [Image, ...Image[]];
  const pixels = stack(images.map(({ values }) => floats([1, height, width, 3], values)));
  const isBatch = expected.shape.length === 4;
  expectWithin("image", isBatch ? pixels : floats([height, width, 3], images[0]!.values), expected, tolerance);
}

/** Opens a pipeline for one call; engines are compiled anew. */
export async function generate(config: ConfigInput, request: GenerateRequest): Promise<GenerateResult> {
  const cacheDir = await mkdtemp(join(tmpdir(), "skipstep-golden-"));
  try {
    const pipeline = await createPipeline(config, { cacheDir });
    try {
      return await pipeline.generate(request);
    } finally {
      await pipeline.close();
    }
  } finally {
    await rm(cacheDir, { recursive: true });
  }
}

/** cache-dit with one block in front and no limits is First Block Cache. */
function pluginFor(
  name: string,
  options: Readonly<Record<string, unknown>>,
  calibrator: object | null,
): ConfigInput["plugins"] {
  const { Fn_compute_blocks, Bn_compute_blocks, max_cached_steps, max_continuous_cached_steps } = options;
  const isPlain =
    name === "cache-dit" &&
    Fn_compute_blocks === 1 &&
    Bn_compute_blocks === 0 &&
    max_cached_steps === -1 &&
    max_continuous_cached_steps === -1 &&
    options.warmup_interval === 1 &&
    [options.max_accumulated_residual_diff_threshold, options.steps_computation_mask, calibrator].every(
      (x) => x === null,
    );
  if (!isPlain) return undefined;
  const { residual_diff_threshold: threshold, max_warmup_steps: warmup_steps } = options;
  return [{ use: FirstBlockCache, options: { threshold, warmup_steps } }];
}

/** The same steps reused, and the same differences measured, within 1e-3 of each. */
function expectDecisions({ report }: GenerateResult, { cached_steps, residual_diffs }: CacheStats): void {
  const { regions } = report.plugins[0]!;
  const reused = regions.flatMap((region) => region.reused);
  expect(
    reused.sort((a, b) => a - b),
    "reused steps",
  ).toEqual(cached_steps);
  const measured = regions.find(({ numbers }) => numbers.residual_diff)?.numbers.residual_diff ?? {};
  expect(Object.keys(measured), "steps with a measured difference").toEqual(Object.keys(residual_diffs));
  for (const [step, expected] of Object.entries(residual_diffs))
    expect(Math.abs(measured[step]! / expected - 1), `difference at step ${step}`).toBeLessThanOrEqual(1e-3);
}
