import { totalBytes, type WeightSizes, weightBytes } from "../compiler/memory-estimate";
import type { Node } from "../graph/value";
import { modulesOf } from "./modules";

/** Parts that a model comes apart into, where its modules are small enough. */
const parts = 16;

/** Bytes of weights of a part: below, opening it costs more than it saves; with what kernels pack, twice as many are in memory. */
const leastPart = 2 ** 22;
const mostPart = 2 ** 28;

/**
 * Positions between modules at which a model is cut, so that a small part of its weights is in memory at a time. A module
 * that is larger than a part is one by itself.
 */
export function cutsBetweenModules(nodes: readonly Node[]): number[] {
  const modules = modulesOf(nodes);
  const most = Math.min(mostPart, Math.max(leastPart, weightBytes({ nodes }) / parts));
  const cuts: number[] = [];
  let held: WeightSizes = new Map();
  for (const { begin, weights } of modules) {
    const together = new Map([...held, ...weights]);
    const isFull = held.size > 0 && totalBytes(together) > most;
    if (isFull) cuts.push(begin);
    held = isFull ? weights : together;
  }
  return cuts;
}
