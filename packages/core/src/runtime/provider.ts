import { providerUnavailable } from "../errors/runtime";
import type { WorkerLink } from "./worker-link";

/**
 * Makes sure that a model can run on a provider, by running a tiny one: a provider may be built in and still have no
 * device, as WebGPU without a graphics driver.
 * @param name in ONNX Runtime's words: `cpu`, `webgpu`, `cuda`, ...
 * @throws SKIPSTEP_PROVIDER_UNAVAILABLE, naming those that work here
 */
export async function requireProvider(link: WorkerLink, name: string): Promise<void> {
  const reason = await link.call("probe", { provider: name });
  if (reason === undefined) return;
  throw providerUnavailable(name, await otherProviders(link, name), reason);
}

/** Providers besides one that work here. */
export async function otherProviders(link: WorkerLink, name: string): Promise<string[]> {
  const working: string[] = [];
  for (const other of await link.call("providers", {}))
    if (other !== name && (await link.call("probe", { provider: other })) === undefined) working.push(other);
  return working;
}
