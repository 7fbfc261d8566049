import {
  type CheckedConfig,
  type GenerateResult,
  type ImagePlan,
  openPipeline,
  type ProgressEvent,
  planFromPictures,
  subjectOf,
  validateConfig,
} from "@skipstep/core";
import { carriesRecipe, encodedFor } from "./encoded-image";
import { cancelled } from "./errors";
import { overridesOf, readInput } from "./generate-input";
import { generateResult } from "./generate-result";
import { outputFiles } from "./output-files";
import { Previews, previewFolder } from "./previews";
import { createProgress } from "./progress";
import { driftWarnings } from "./recipe-drift";
import type { Session } from "./session";
import type { SettingOptions } from "./setting-overrides";
import { shownPath } from "./shown-path";
import { checkWritable, writeWhole } from "./write-file";

export interface GenerateOptions extends SettingOptions {
  readonly prompt?: readonly string[];
  /** Numbers or names. */
  readonly class?: readonly string[];
  /** Numbers, or what else was typed: the config's schema tells what is wrong with it. */
  readonly images?: unknown;
  readonly seed?: unknown;
  /** What was typed: the config's schema tells what there is. */
  readonly promptWeighting?: string;
  readonly longPrompts?: string;
  /** Files, from the working directory. */
  readonly controlnet?: readonly string[];
  readonly controlImage?: readonly string[];
  /** `file`, or `file:scale`. */
  readonly lora?: readonly string[];
  readonly out?: string;
  /** Of files with loss, 1 to 100. */
  readonly quality?: number;
  readonly recipe?: string;
  /** Allows what the recipe reads. */
  readonly trust?: true;
  /** False leaves the recipe out of the files. */
  readonly writeRecipe?: false;
  /** A folder, or true for one beside the image. */
  readonly previews?: string | true;
  readonly threads?: number;
  readonly cache?: string;
  readonly json?: true;
}

/** Bytes: what a file takes besides its pixels, and the most that is tried out before the run. */
const recipeBytes = 2 ** 14;
const mostBytes = 2 ** 24;

/** `skipstep generate`: makes the images of a config or a model, or one of a recipe again. */
export async function generate(
  configFile: string | undefined,
  options: GenerateOptions,
  session: Session,
): Promise<void> {
  const start = performance.now();
  const { config, recipe } = await readInput(configFile, options, session.terminal);
  const loaded = await validateConfig(config, { overrides: overridesOf(options) });
  const plan = await planFromPictures(loaded);
  const indices = recipe && recipe.image < plan.count ? [recipe.image] : [...Array(plan.count).keys()];
  const files = outputFiles(options.out, { ...plan, prompts: shownTexts(loaded, plan) }, indices);
  const previews = options.previews && new Previews(previewFolder(options.previews, files[0]!));
  const bytes = plan.width * plan.height * 3 + recipeBytes;
  checkWritable(files[0]!, Math.min(mostBytes, bytes * files.length));
  if (previews) checkWritable(previews.fileOf(1, 1), bytes);

  const result = await make(loaded, plan.seed, options, previews || undefined, session);
  const kept = { recipe: options.writeRecipe ?? true, ...(options.quality ? { quality: options.quality } : {}) };
  const encoded = await Promise.all(files.map((file, i) => encodedFor(file, result.images[indices[i]!]!, kept)));
  const lost = previews ? await previews.finish() : [];
  const signal = session.interruption.heed();
  if (signal.aborted) throw cancelled(signal.reason);
  for (const [i, file] of files.entries()) writeWhole(file, encoded[i]!);

  const bare = kept.recipe ? files.filter((file, i) => !carriesRecipe(encoded[i]!, file)) : [];
  const warnings = [
    ...result.report.warnings,
    ...lost,
    ...bare.map(
      (file) => `${shownPath(file)} is without recipe: this one is too long for a JPEG. Write a .png or .webp.`,
    ),
    ...(recipe ? driftWarnings(recipe, result.recipe) : []),
  ];
  const seconds = (performance.now() - start) / 1000;
  session.terminal.show(generateResult({ files, seconds, warnings, result }), options.json);
}

/** What images show, in words: their prompts, or the classes of models that draw these. */
function shownTexts(loaded: CheckedConfig, { prompts }: ImagePlan): readonly string[] {
  const { setting = "prompt" } = subjectOf(loaded) ?? {};
  if (setting === "prompt") return prompts;
  const labels = [loaded.config.generate[setting] ?? []].flat();
  return labels.map((label) => (typeof label === "number" ? `class ${label}` : String(label)));
}

/** Opens the pipeline, generates, and closes it in any case. */
async function make(
  loaded: CheckedConfig,
  seed: number,
  { threads, cache }: GenerateOptions,
  previews: Previews | undefined,
  { terminal, interruption }: Session,
): Promise<GenerateResult> {
  const signal = interruption.heed();
  const progress = await createProgress(terminal.stderr);
  const onProgress = (event: ProgressEvent): void => {
    progress.show(event);
    if (event.kind === "step") previews?.take(event);
  };
  try {
    const pipeline = await openPipeline(loaded, {
      signal,
      onProgress,
      ...(threads === undefined ? {} : { threads }),
      ...(cache === undefined ? {} : { cacheDir: cache }),
    });
    try {
      return await pipeline.generate({ seed, signal, onProgress, previews: previews !== undefined });
    } finally {
      await pipeline.close();
    }
  } finally {
    progress.stop();
  }
}
