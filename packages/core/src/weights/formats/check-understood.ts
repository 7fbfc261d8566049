import { codesUnread, siblingUnread } from "../../errors/quantized";
import { isHarmless } from "../checkpoint/harmless-tensors";
import type { OpenWeights, StoredAs } from "../checkpoint/weight-source";
import type { PackedWeight } from "./packed-weight";
import { moduleOf } from "./scaled/stored-module";

/** Types of 8 bits and fewer, by the names of core and of safetensors' headers. */
const fewBits = /^(u?int8|bool|float8_\w+|F[468](_\w+)?)$/;

/** Codes, whatever their width: no model's weights are whole numbers. */
const codes = /^(u?int\d+|bool)$/;

/** Tensors that a module has beside its weight and that do not change it. */
const harmless = /^((in_proj_)?bias|bias_[kv]|running_mean|running_var|num_batches_tracked)$/;

/**
 * The rule behind all readers of quantized weights: a weight in few bits is a number only if nothing beside it is left
 * over that may say otherwise, and whole numbers are no weights at all. Of a bias, a table or a token, what begins with
 * its name counts as beside it.
 *
 * @param weights as models will see them
 * @throws SKIPSTEP_QUANTIZED_UNREAD
 */
export function checkUnderstood(path: string, weights: OpenWeights): void {
  const types = new Map<string, string>([
    ...weights.names.map((name): [string, string] => [
      name,
      formOf(weights, name)?.format ?? weights.entry(name).dtype,
    ]),
    ...(weights.unread ?? []),
  ]);
  const isFew = (name: string): boolean =>
    fewBits.test(types.get(name)!) || codes.test(types.get(name)!) || formOf(weights, name) !== undefined;
  const few = new Map([...types].filter(([name]) => isFew(name)));
  if (few.size === 0) return;
  const modules = new Map<string, string[]>();
  for (const name of types.keys()) {
    const owner = owningTensor(name, few);
    if (owner !== undefined) throw siblingUnread(path, owner, few.get(owner)!, name);
    const module = moduleOf(name);
    const own = modules.get(module);
    if (own) own.push(name);
    else modules.set(module, [name]);
  }
  for (const [name, type] of few) {
    if (isWeight.test(name)) {
      const sibling = modules.get(moduleOf(name))?.find((other) => other !== name && belongsTo(other, name));
      if (sibling !== undefined) throw siblingUnread(path, name, type, sibling);
    }
    if (codes.test(type) && /(^|[._])(weight|bias)$/.test(name)) throw codesUnread(path, name, type);
  }
}

const isWeight = /(^|[._])weight$/;

/** How a weight is stored whose numbers a reader made out of fewer bits. */
function formOf(weights: OpenWeights, name: string): PackedWeight | StoredAs | undefined {
  return weights.has(name) ? (weights.packed?.(name) ?? weights.stored?.(name)) : undefined;
}

/** Whether a tensor of a weight's module may say what the weight's codes mean. */
function belongsTo(other: string, weight: string): boolean {
  const module = moduleOf(weight);
  return module !== "" && !harmless.test(other.slice(module.length + 1));
}

/** The tensor in few bits that another's name begins with: `x.bias` of `x.bias_scale`. */
function owningTensor(name: string, few: ReadonlyMap<string, string>): string | undefined {
  for (let end = name.length - 1; end > 0; end--) {
    if (name[end] !== "." && name[end] !== "_") continue;
    const owner = name.slice(0, end);
    if (few.has(owner) && !isHarmless(owner)) return owner;
  }
  return undefined;
}
