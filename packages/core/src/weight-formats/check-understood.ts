import type { OpenWeights, TensorEntry } from "../checkpoint/weight-source";
import { codesUnread, siblingUnread } from "../errors/quantized";

/** Types of 8 bits and fewer, by the names of core and of safetensors' headers. */
const fewBits = /^(u?int8|bool|float8_\w+|F[468](_\w+)?|U8|I8|BOOL)$/;

/** Among these, those whose values are numbers without anything else: weights are cast to them. */
const numbers = /^float8_e(4m3fn|5m2)$/;

/** Tensors that a module has beside its weight and that do not change it. */
const harmless = /^(bias|running_mean|running_var|num_batches_tracked)$/;

/**
 * The rule behind all readers of quantized weights: a weight in few bits is a number only if nothing beside it is left
 * over that may say otherwise, and whole numbers are no weights at all.
 *
 * @param weights as models will see them
 * @throws SKIPSTEP_QUANTIZED_UNREAD
 */
export function checkUnderstood(path: string, weights: OpenWeights): void {
  const types = new Map<string, string>([
    ...weights.names.map((name): [string, string] => [name, typeOf(weights.entry(name))]),
    ...(weights.unread ?? []),
  ]);
  const few = [...types].filter(([name, type]) => /(^|[._])weight$/.test(name) && fewBits.test(type));
  if (few.length === 0) return;
  const modules = new Map<string, string[]>();
  for (const name of types.keys()) {
    const module = moduleOf(name);
    const own = modules.get(module);
    if (own) own.push(name);
    else modules.set(module, [name]);
  }
  for (const [name, type] of few) {
    const around = [...(modules.get(moduleOf(name)) ?? []), ...(modules.get(name) ?? [])];
    const sibling = around.find((other) => other !== name && belongsTo(other, name));
    if (sibling !== undefined) throw siblingUnread(path, name, type, sibling);
    if (!numbers.test(type) && weights.has(name)) throw codesUnread(path, name, type);
  }
}

function typeOf({ dtype }: TensorEntry): string {
  return dtype;
}

/** All but the last word. */
function moduleOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}

/** Whether a tensor may say what a weight's codes mean. */
function belongsTo(other: string, weight: string): boolean {
  if (other.startsWith(`${weight}.`) || other.startsWith(`${weight}_`)) return true;
  if (!/(^|\.)weight$/.test(weight)) return false;
  const module = moduleOf(weight);
  const part = other.slice(module === "" ? 0 : module.length + 1);
  return module !== "" && !part.includes(".") && !harmless.test(part);
}
