import { SkipstepError } from "./error";
import { list } from "./nearest";

/** A provider gives something else than the CPU for a small known case. @param problem what it gave, or the runtime's message */
export function kernelWrong(device: string, kernelCase: string, problem: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PROVIDER_KERNEL",
    `"${device}" cannot be used for this model: its ${kernelCase} is wrong (${problem.trim().replace(/\.$/, "")}). Update its driver, or put the model on another device with "device" or "device_map".`,
  );
}

/** `MatMulInteger 24, Compress 2` */
export function countsText(counts: Readonly<Record<string, number>>): string {
  return list(Object.entries(counts).map(([operator, count]) => `${operator} ${count}`));
}

/** Parts of a component run on the CPU though it was put elsewhere, and the config says `"strict": true`. */
export function nodesFallBack(
  component: string,
  devices: readonly string[],
  counts: Readonly<Record<string, number>>,
): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PROVIDER_FALLBACK",
    `${component} is on ${list(devices.map((device) => `"${device}"`))}, which has no kernels for ${countsText(counts)}: these would run on the CPU. Leave out the plugin that brings them, put the component on another device, or set "strict" to false.`,
  );
}

/** The same, seen when ONNX Runtime opened the model: of a provider whose kernels nobody knows. */
export function sessionFallsBack(path: string, device: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PROVIDER_FALLBACK",
    `${path} has nodes for which "${device}" has no kernels: these would run on the CPU. Put the component on another device, or set "strict" to false.`,
  );
}
