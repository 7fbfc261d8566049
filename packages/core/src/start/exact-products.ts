import { profileOf } from "../compiler/providers/profile";
import { list } from "../errors/nearest";
import type { BuildHookRunner } from "../plugins/build-hooks";
import type { Note } from "../weights/checkpoint/note";
import type { BuiltModel } from "./build-model";

/**
 * Tells of what the CPU rounds as it multiplies weights of few bits, and the providers of some models do not: by how much
 * their layers give something else. Where none of a model's does, its noise is left out of what is reported.
 * @param device where a model says nothing
 */
export function countExactProducts(models: readonly BuiltModel[], hooks: BuildHookRunner, device: string): Note[] {
  return models.flatMap(({ name, devices }) => {
    const providers = [...new Set(devices.map((given = device) => given))];
    const exact = providers.filter((provider) => profileOf(provider).exactProducts);
    const said = exact.length === 0 ? [] : hooks.noiseIn(name);
    if (exact.length === providers.length) hooks.leaveOutNoise(name);
    return said.map(({ plugin, noise }) => ({ kind: "conclusion", text: textOf(name, exact, plugin, noise) }) as const);
  });
}

function textOf(component: string, providers: readonly string[], plugin: string, noise: number): string {
  const where = list(providers.map((provider) => `"${provider}"`));
  const size = `${(100 * noise).toFixed(2)}%`;
  return `${component}: ${where} multiplies what enters the layers of plugin "${plugin}" as it is. The CPU rounds it to 8 bits, which changes what a layer gives by about ${size}.`;
}
