import type { LinearInput } from "@skipstep/lowbit";
import type { PlannedLayer } from "./plan";

/** Linears that share an input, and with it their smoothing. */
export interface LayerGroup {
  readonly layers: readonly PlannedLayer[];
  /** Missing where the calibration never came by. */
  readonly input?: LinearInput;
}

/** Groups in the order of their first layers. */
export function groupsOf(layers: readonly PlannedLayer[], inputs: readonly LinearInput[]): LayerGroup[] {
  const inputOf = new Map(inputs.flatMap((input) => input.names.map((name) => [name, input] as const)));
  const groups = new Map<object, PlannedLayer[]>();
  for (const layer of layers) {
    const key = inputOf.get(layer.weight.name) ?? layer;
    groups.set(key, [...(groups.get(key) ?? []), layer]);
  }
  return [...groups].map(([key, members]) => ({
    layers: members,
    ...("names" in key ? { input: key as LinearInput } : {}),
  }));
}
