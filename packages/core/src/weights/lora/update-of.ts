import { loraInvalid } from "../../errors/lora";
import { sizeOf } from "../../tensor";
import type { WeightSource } from "../checkpoint/weight-source";
import { type Magnitude, valuesIn } from "./add-update";
import type { LoraModule, LoraRole, LoraTensors } from "./lora";
import type { Slot } from "./lora-targets";
import { kindTensors, rankOf, type UpdateKind } from "./update-kind";

/** What a module says of a weight or of a bias. */
export interface ModuleUpdate {
  readonly slot: Slot;
  readonly kind: UpdateKind;
  readonly tensors: LoraTensors;
  /** Of DoRA. */
  readonly magnitude?: string;
  /** It is multiplied with `alpha / rank`, of this rank; none where alpha has no meaning. */
  readonly scaled: boolean;
  readonly rank: number | undefined;
}

const optional: Readonly<Record<"LoRA" | "LoHa" | "LoKr", readonly LoraRole[]>> = {
  LoRA: ["mid"],
  LoHa: ["hada_t1", "hada_t2"],
  LoKr: ["lokr_t2"],
};

/** Tensors that are an update by themselves. */
const single: readonly (readonly [LoraRole, Slot, UpdateKind])[] = [
  ["diff", "weight", "diff"],
  ["w_norm", "weight", "diff"],
  ["diff_b", "bias", "diff"],
  ["b_norm", "bias", "diff"],
  ["up_bias", "bias", "diff"],
  ["set_weight", "weight", "set"],
  ["weight", "weight", "set"],
  ["bias", "bias", "set"],
];

/**
 * The updates that a module's tensors are, of which a weight has one.
 * @throws SKIPSTEP_LORA_INVALID for a tensor that lacks its other half, and for a weight with two updates
 */
export function updatesOf(file: string, source: WeightSource, { tensors }: LoraModule): ModuleUpdate[] {
  const magnitude = tensors.lora_magnitude_vector ?? tensors.dora_scale;
  const found: ModuleUpdate[] = [];
  for (const kind of ["LoRA", "LoHa", "LoKr"] as const) {
    const own = matricesOf(file, kind, tensors);
    if (!own) continue;
    const rank = rankOf(kind, valuesIn({ file, tensors: own }, source));
    found.push({ slot: "weight", kind, tensors: own, scaled: true, rank, ...(magnitude ? { magnitude } : {}) });
  }
  for (const [role, slot, kind] of single) {
    const tensor = tensors[role];
    if (tensor === undefined) continue;
    const lora = found.find((update) => update.kind === "LoRA");
    if (role === "up_bias" && !lora) throw incomplete(file, tensor);
    const scaled = role === "up_bias";
    found.push({ slot, kind, tensors: { [role]: tensor }, scaled, rank: scaled ? lora?.rank : undefined });
  }
  for (const slot of ["weight", "bias"] as const) {
    const [one, other] = found.filter((update) => update.slot === slot);
    if (one && other)
      throw loraInvalid(
        file,
        `has "${Object.values(one.tensors)[0]}" and "${Object.values(other.tensors)[0]}" for one weight`,
      );
  }
  if (magnitude !== undefined && !found.some((update) => update.magnitude)) throw incomplete(file, magnitude);
  return found;
}

/** Of a kind, its tensors; `undefined` where there is none of them. */
function matricesOf(file: string, kind: "LoRA" | "LoHa" | "LoKr", tensors: LoraTensors): LoraTensors | undefined {
  const roles = new Set([...kindTensors[kind].flat(), ...optional[kind]]);
  const own = Object.entries(tensors).filter(([role]) => roles.has(role as LoraRole));
  if (own.length === 0) return undefined;
  const present = new Set(own.map(([role]) => role).filter((role) => !optional[kind].includes(role as LoraRole)));
  const isWhole = kindTensors[kind].some(
    (all) => all.length === present.size && all.every((role) => present.has(role)),
  );
  const hasCores = tensors.hada_t1 !== undefined && tensors.hada_t2 !== undefined;
  const isOneCore = kind === "LoHa" && own.some(([role]) => role.startsWith("hada_t")) && !hasCores;
  const isLooseCore = kind === "LoKr" && tensors.lokr_t2 !== undefined && tensors.lokr_w2_a === undefined;
  if (!isWhole || isOneCore || isLooseCore) throw incomplete(file, own[0]![1]);
  return Object.fromEntries(own);
}

function incomplete(file: string, tensor: string): Error {
  return loraInvalid(file, `has "${tensor}" without all of its module's matrices`);
}

/**
 * The alpha that a module's tensor says.
 * @throws SKIPSTEP_LORA_INVALID for more or less than one number
 */
export function alphaOf(file: string, source: WeightSource, { module, tensors }: LoraModule): number | undefined {
  if (tensors.alpha === undefined) return undefined;
  const values = source.readFloat32(tensors.alpha);
  if (values.length === 1 && Number.isFinite(values[0])) return values[0];
  throw loraInvalid(file, `has an alpha for "${module}" that is no number`);
}

/** Whether a magnitude is a number a row of the weight, or one a column: PEFT's are a row's, kohya's say it by their shape. */
export function magnitudeOf(
  file: string,
  source: WeightSource,
  tensor: string,
  [rows = 1, columns = 1]: readonly number[],
  isPeft: boolean,
): Magnitude {
  const { shape } = source.entry(tensor);
  const length = sizeOf(shape);
  const isAcross = !isPeft && shape.length > 1 && shape[0] === 1 && rows !== 1;
  if (length === (isAcross ? columns : rows)) return { tensor, over: isAcross ? "columns" : "rows" };
  throw loraInvalid(file, `has "${tensor}" with ${length} numbers, for ${rows} rows and ${columns} columns`);
}
