import { adaptiveProjected, adaptiveProjectedMix } from "./adaptive-projected";
import { classifierFree } from "./classifier-free";
import { frequencyDecoupled } from "./frequency-decoupled";
import type { Guider } from "./guider";
import { magnitudeAware } from "./magnitude-aware";
import { tangential } from "./tangential";
import { zeroStar } from "./zero-star";

/** By the names of diffusers' classes. */
export const guiders = {
  ClassifierFreeGuidance: classifierFree,
  ClassifierFreeZeroStarGuidance: zeroStar,
  AdaptiveProjectedGuidance: adaptiveProjected,
  AdaptiveProjectedMixGuidance: adaptiveProjectedMix,
  TangentialClassifierFreeGuidance: tangential,
  MagnitudeAwareGuidance: magnitudeAware,
  FrequencyDecoupledGuidance: frequencyDecoupled,
} as const satisfies Record<string, Guider>;
