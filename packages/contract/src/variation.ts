import { ConfigError, type GenerateConfig, type GenerateResult, validateConfig } from "@skipstep/core";
import type { PluginUnderTest } from "./plugin-under-test";

/** What a second user of the same pipeline asks for. */
export function otherInput({ request: { prompt, seed = 0 } }: PluginUnderTest): GenerateConfig {
  return { seed: seed + 1, ...(typeof prompt === "string" ? { prompt: `${prompt}, seen at night` } : {}) };
}

/** Whether the model takes a request at all. */
export function isTaken(tried: PluginUnderTest, request: GenerateConfig): Promise<boolean> {
  return tried.withoutPlugin("taken", request, () => takes(tried, request));
}

async function takes(tried: PluginUnderTest, request: GenerateConfig): Promise<boolean> {
  const { generate, ...config } = tried.config({ options: undefined });
  try {
    await validateConfig({ ...config, generate: { ...generate, ...request } });
    return true;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}

/** Largest absolute difference of two results' latents; NaN when one has another size or is not finite. */
export function latentDifference({ latents: a }: GenerateResult, { latents: b }: GenerateResult): number {
  if (a.shape.join() !== b.shape.join()) return Number.NaN;
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i]!)), 0);
}
