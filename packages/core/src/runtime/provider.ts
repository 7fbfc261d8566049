import { providerUnavailable } from "../errors/runtime";
import { inTurn, type TurnOptions } from "./device-turn";
import { notBuilt, type ProviderOptions, providerOf } from "./providers";
import type { WorkerLink } from "./worker-link";

/** How providers are opened. */
export interface Opening {
  /** While devices are waited for that others work on. */
  readonly waiting?: TurnOptions;
  /** Options by provider, under their names in ONNX Runtime. */
  readonly settings?: Readonly<Record<string, ProviderOptions>> | undefined;
}

/**
 * Makes sure that a model can run on a provider, by running a tiny one: a provider may be built in and still have no
 * device, as WebGPU without a graphics driver.
 * @param name in ONNX Runtime's words: `cpu`, `webgpu`, `cuda:1`, ...
 * @throws SKIPSTEP_PROVIDER_UNAVAILABLE, naming those that work here; SKIPSTEP_CANCELLED
 */
export async function requireProvider(link: WorkerLink, name: string, opening: Opening): Promise<void> {
  const reason = notBuilt(name, await link.fact("providers", {})) ?? (await probe(link, name, opening));
  if (reason === undefined) return;
  const missing = /load shared library/.test(reason) ? ". Its libraries are not installed: see docs/devices.md" : "";
  throw providerUnavailable(name, await otherProviders(link, providerOf(name), opening), `${reason}${missing}`);
}

/** Providers besides one that work here. */
export async function otherProviders(link: WorkerLink, name: string, opening: Opening): Promise<string[]> {
  const working: string[] = [];
  for (const other of await link.fact("providers", {}))
    if (other !== name && (await probe(link, other, opening)) === undefined) working.push(other);
  return working;
}

function probe(link: WorkerLink, provider: string, { waiting = {}, settings }: Opening): Promise<string | undefined> {
  const ask = { provider, settings: settings?.[providerOf(provider)] };
  if (provider === "cpu") return link.fact("probe", ask); // it cannot be unplugged
  return inTurn([provider], waiting, () => link.call("probe", ask));
}
