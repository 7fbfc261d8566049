import type { Noise } from "../plugins/build-hooks";
import type { PluginHost } from "../plugins/host";
import { thresholdBelowNoise } from "./warnings";

/**
 * Warnings for plugins whose threshold lies below the noise that another plugin's weights add at each step: two steps
 * of a quantized model differ by at least that, whatever the image does.
 * @param noises of the denoiser
 */
export function noiseWarnings({ plugins }: PluginHost, noises: readonly Noise[]): string[] {
  return plugins.flatMap(({ name, manifest, options }) => {
    const thresholds = Object.values(manifest.thresholds?.(options) ?? {}).filter((threshold) => threshold > 0);
    if (thresholds.length === 0) return [];
    const lowest = Math.min(...thresholds);
    return noises.filter(({ noise }) => lowest < noise).map((source) => thresholdBelowNoise(name, lowest, source));
  });
}
