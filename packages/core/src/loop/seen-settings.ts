import type { GenerateConfig } from "../config/config";
import type { LimitChoice } from "../config/limits";
import { lookAt } from "./look-at";
import type { RecognisedModel } from "./recognised-model";
import { type RequestExtras, resolveSettings } from "./request";
import type { Settings } from "./settings";

/**
 * Settings of one generation, with a look at the sizes of its images.
 * @throws SKIPSTEP_REQUEST_INVALID with everything that is wrong, SKIPSTEP_IMAGE_UNREADABLE
 */
export async function seenSettings(
  model: RecognisedModel,
  config: GenerateConfig,
  request: GenerateConfig,
  extras: RequestExtras = {},
  choice: LimitChoice = {},
): Promise<Settings> {
  const { size, pictures } = await lookAt(model, { ...config, ...request }, extras);
  const seen = { ...extras, ...(pictures ? { pictures } : {}) };
  return resolveSettings(model, config, { ...request, ...size }, seen, choice);
}
