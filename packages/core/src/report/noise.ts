import type { BuildReceipt } from "../plugins/build-hooks";
import type { PluginHost } from "../plugins/host";
import { thresholdBelowNoise } from "./warnings";

/**
 * Warnings for plugins whose threshold lies below the noise that another plugin's weights add at each step: two steps
 * of a quantized model differ by at least that, whatever the image does.
 * @param denoiser the component whose noise counts
 */
export function noiseWarnings({ plugins }: PluginHost, receipts: readonly BuildReceipt[], denoiser: string): string[] {
  const noises = receipts.flatMap(({ plugin, components }) => {
    const noise = components[denoiser]?.noise ?? 0;
    return noise > 0 ? [{ plugin, noise }] : [];
  });
  return plugins.flatMap(({ name, manifest, options }) => {
    const thresholds = Object.values(manifest.thresholds?.(options) ?? {}).filter((threshold) => threshold > 0);
    if (thresholds.length === 0) return [];
    const lowest = Math.min(...thresholds);
    return noises.filter(({ noise }) => lowest < noise).map((source) => thresholdBelowNoise(name, lowest, source));
  });
}
