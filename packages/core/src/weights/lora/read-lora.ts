import { loraKind } from "../../errors/lora";
import { type WeightSource, Weights } from "../checkpoint/weights";
import { type AdapterSettings, readAdapterSettings } from "./adapter-settings";
import type { Lora, LoraConfig, LoraKey, LoraModule, LoraRole } from "./lora";
import { findLoraFile } from "./lora-file";
import { parseKohyaKey } from "./lora-keys-kohya";
import { parsePeftKey } from "./lora-keys-peft";
import { companionOf, otherKindOf, roleOf } from "./lora-role";

/** A LoRA's file, opened: whoever opens it closes its weights. */
export interface OpenLora extends Lora {
  readonly weights: Weights;
  readonly settings: AdapterSettings;
  /** What its header says of it. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * Looks into a LoRA's file: which modules it changes, and how. Reads none of its matrices.
 * @throws SKIPSTEP_LORA_MISSING, SKIPSTEP_LORA_KIND, SKIPSTEP_LORA_INVALID, and what `Weights.openFile` throws
 */
export function openLora(use: LoraConfig): OpenLora {
  const file = findLoraFile(use.path);
  const weights = Weights.openFile(file);
  try {
    const { metadata } = weights;
    const settings = readAdapterSettings(file, weights.names, metadata);
    return { ...use, file, weights, settings, metadata, ...modulesIn(file, weights, settings) };
  } catch (error) {
    weights.close();
    throw error;
  }
}

/** Modules by the text before their roles: a module under two names is two of them. */
function modulesIn(
  file: string,
  { names }: WeightSource,
  settings: AdapterSettings,
): Pick<Lora, "modules" | "unknown"> {
  const stems = new Map<string, Stem>();
  const unknown: string[] = [];
  for (const name of names) {
    const kind = otherKindOf(name);
    if (kind !== undefined) throw loraKind(file, name, kind);
    const found = roleOf(name);
    const key = parseKohyaKey(found) ?? parsePeftKey(found);
    if (companionOf(name) !== undefined || (isStored(key.role) && !isKept(name, key, settings))) {
      unknown.push(name);
      continue;
    }
    const stem = stems.get(found.module) ?? { key, styles: new Map() };
    stem.styles.set(found.style, { ...stem.styles.get(found.style), [key.role]: name });
    stems.set(found.module, stem);
  }
  const modules = [...stems.values()].flatMap(modulesOf);
  return { modules, unknown };
}

interface Stem {
  readonly key: LoraKey;
  /** Tensors by the way in which their roles are written; what belongs to all ways has none. */
  readonly styles: Map<string, Partial<Record<LoraRole, string>>>;
}

function modulesOf({ key: { model, module }, styles }: Stem): LoraModule[] {
  const shared = styles.get("") ?? {};
  const { down, up, mid, up_bias, ...rest } = shared;
  const named = [...styles].filter(([style]) => style !== "").map(([, tensors]) => ({ ...rest, ...tensors }));
  const all = named.length === 0 || down !== undefined || up !== undefined ? [shared, ...named] : named;
  return all.map((tensors) => ({ model, module, tensors }));
}

/** A weight or bias as the model has it. */
function isStored(role: LoraRole): boolean {
  return role === "weight" || role === "bias";
}

/** Whole tensors of a model count where the settings say that they were trained, and norms of a control LoRA always. */
function isKept(name: string, { model, module, role }: LoraKey, settings: AdapterSettings): boolean {
  if (settings.isWhole(model, module) || (role === "bias" && settings.hasBiases(model))) return true;
  return /\.(norm\.(query|key)_norm\.scale|norm_(added_)?[qk]\.weight)$/.test(name);
}
