import { type WeightSource, Weights } from "../checkpoint/weights";
import type { LoraConfig } from "../config/config";
import { loraInvalid, loraKind } from "../errors/lora";
import { type AdapterSettings, readAdapterSettings } from "./adapter-settings";
import type { Lora, LoraKey, LoraModule, LoraRole } from "./lora";
import { findLoraFile } from "./lora-file";
import { parseKohyaKey } from "./lora-keys-kohya";
import { parsePeftKey } from "./lora-keys-peft";
import { otherKindOf } from "./lora-role";

/** Names of a module's tensors by what they are to it. */
interface Group extends Omit<LoraKey, "role"> {
  readonly tensors: Partial<Record<LoraRole, string>>;
}

/**
 * Looks into a LoRA's file: which modules it changes, and how strongly. Reads none of its matrices.
 * @throws SKIPSTEP_LORA_MISSING, SKIPSTEP_LORA_KIND, SKIPSTEP_LORA_INVALID, and what `Weights.openFile` throws
 */
export function readLora(use: LoraConfig): Lora {
  const file = findLoraFile(use.path);
  const weights = Weights.openFile(file);
  try {
    const { groups, unknown } = grouped(file, weights.names);
    const settings = readAdapterSettings(file);
    const modules = groups.map((group) => moduleOf(file, weights, settings, group));
    return { ...use, file, modules, unknown };
  } finally {
    weights.close();
  }
}

function grouped(file: string, names: readonly string[]): { groups: Group[]; unknown: string[] } {
  const groups = new Map<string, Group>();
  const unknown: string[] = [];
  for (const name of names) {
    const kind = otherKindOf(name);
    if (kind !== undefined) throw loraKind(file, name, kind);
    const key = parseKohyaKey(name) ?? parsePeftKey(name);
    if (!key) {
      unknown.push(name);
      continue;
    }
    const { role, ...rest } = key;
    const id = `${key.model} ${key.module}`;
    const group = groups.get(id) ?? { ...rest, tensors: {} };
    if (group.tensors[role] !== undefined)
      throw loraInvalid(file, `has "${group.tensors[role]}" and "${name}" for the same thing`);
    group.tensors[role] = name;
    groups.set(id, group);
  }
  return { groups: [...groups.values()], unknown };
}

function moduleOf(file: string, weights: WeightSource, settings: AdapterSettings, group: Group): LoraModule {
  const { tensors, model, module } = group;
  const { down, up, mid, alpha } = tensors;
  if (down === undefined || up === undefined)
    throw loraInvalid(file, `has "${Object.values(tensors)[0]}" without both of its module's matrices`);
  const [rank = 1] = weights.entry(down).shape;
  const strength = alpha === undefined ? undefined : weights.readFloat32(alpha)[0];
  const factor = settings.factor(model, module, rank) ?? (strength === undefined ? 1 : strength / rank);
  if (!Number.isFinite(factor)) throw loraInvalid(file, `has an alpha for "${module}" that is no number`);
  return { model, module, down, up, ...(mid === undefined ? {} : { mid }), factor };
}
