import { providerUnavailable } from "../errors/runtime";
import { inTurn, type TurnOptions } from "./device-turn";
import type { WorkerLink } from "./worker-link";

/**
 * Makes sure that a model can run on a provider, by running a tiny one: a provider may be built in and still have no
 * device, as WebGPU without a graphics driver.
 * @param name in ONNX Runtime's words: `cpu`, `webgpu`, `cuda`, ...
 * @throws SKIPSTEP_PROVIDER_UNAVAILABLE, naming those that work here; SKIPSTEP_CANCELLED
 */
export async function requireProvider(link: WorkerLink, name: string, waiting: TurnOptions): Promise<void> {
  const reason = await probe(link, name, waiting);
  if (reason === undefined) return;
  throw providerUnavailable(name, await otherProviders(link, name, waiting), reason);
}

/** Providers besides one that work here. */
export async function otherProviders(link: WorkerLink, name: string, waiting: TurnOptions): Promise<string[]> {
  const working: string[] = [];
  for (const other of await link.call("providers", {}))
    if (other !== name && (await probe(link, other, waiting)) === undefined) working.push(other);
  return working;
}

function probe(link: WorkerLink, provider: string, waiting: TurnOptions): Promise<string | undefined> {
  return inTurn([provider], waiting, () => link.call("probe", { provider }));
}
