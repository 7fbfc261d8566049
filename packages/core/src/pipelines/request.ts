import { randomInt } from "node:crypto";
import type { GenerateConfig } from "../config/config";
import { generateSchema } from "../config/core-schema";
import { toPointer } from "../config/json";
import { validate } from "../config/validate";
import { requestInvalid } from "../errors/pipeline";
import type { Floats } from "../tensor";
import type { Family } from "./family";
import type { Settings } from "./settings";

/** What a caller may add to the names of the config's `generate`. */
export interface RequestExtras {
  /** Starting noise `[B, C, H, W]` instead of the seed's, before the scheduler scales it. */
  readonly latents?: Floats;
}

/**
 * Settings of one generation: the family's defaults, over them the config's, over them the request's.
 * @throws SKIPSTEP_REQUEST_INVALID with everything that is wrong
 */
export function resolveSettings(
  { defaults, problems }: Family,
  configs: Readonly<Record<string, unknown>>,
  config: GenerateConfig,
  request: GenerateConfig,
  { latents }: RequestExtras = {},
): Settings {
  const findings = validate(generateSchema, { ...request }, [], false);
  if (findings.length > 0)
    throw requestInvalid(
      findings.map(({ path, text }) => `${toPointer(path).slice(1)}${text}`.trim().replace(/\.$/, "")),
    );
  const settings = fillSettings(defaults, { ...config, ...request }, latents);
  const found = [...promptProblems(settings), ...problems(configs, settings).map(({ key, text }) => `${key} ${text}`)];
  if (found.length > 0) throw requestInvalid(found);
  return settings;
}

/** Fills in what is not given. A seed is drawn where there is none. */
export function fillSettings(defaults: Family["defaults"], given: GenerateConfig, latents?: Floats): Settings {
  const prompt = [given.prompt ?? []].flat();
  const negative = [given.negative_prompt ?? ""].flat();
  return {
    ...defaults,
    seed: given.seed ?? randomInt(2 ** 32),
    num_images_per_prompt: 1,
    ...given,
    num_inference_steps: given.num_inference_steps ?? given.sigmas?.length ?? defaults.num_inference_steps,
    prompt,
    negative_prompt: negative.length === 1 ? prompt.map(() => negative[0]!) : negative,
    ...(latents ? { latents } : {}),
  };
}

function promptProblems({ prompt, negative_prompt }: Settings): string[] {
  if (prompt.length === 0) return ["a prompt is needed, here or in the config"];
  if (negative_prompt.length === prompt.length) return [];
  return [
    `negative_prompt must be one text or one for each of ${prompt.length} prompts, found ${negative_prompt.length}`,
  ];
}
