import { loraInvalid, loraKind, loraOther } from "../../errors/lora";
import { valuesIn } from "./add-update";
import type { FoundUpdate, LoraPlace } from "./found-update";
import { isOther, type LoraFamily } from "./lora-family";
import type { LoraTarget } from "./lora-targets";
import type { OpenLora } from "./read-lora";
import { checkShapes } from "./update-kind";

/**
 * Whether an update's tensors are numbers that make a matrix of its weights' size.
 * @throws SKIPSTEP_LORA_SHAPE, or SKIPSTEP_LORA_UNFIT where the LoRA is known to be for another family; SKIPSTEP_LORA_INVALID,
 *   SKIPSTEP_LORA_KIND
 */
export function checkUpdate(
  { file, weights, settings, unknown }: OpenLora,
  family: LoraFamily | undefined,
  place: LoraPlace,
  { module, update: { kind, tensors, magnitude }, targets }: FoundUpdate,
): void {
  if (kind === "LoRA" && magnitude === undefined && settings.isDora(module.model))
    throw loraInvalid(file, `has use_dora, and no lora_magnitude_vector for "${module.module}"`);
  for (const tensor of [...Object.values(tensors), ...(magnitude ? [magnitude] : [])])
    checkStored(file, weights, tensor, unknown);
  const [{ weight, shape, rows }] = targets as [LoraTarget, ...LoraTarget[]];
  const inputs = tensors.down === undefined ? 0 : (weights.entry(tensors.down).shape[1] ?? 1);
  if (weight === "x_embedder.weight" && inputs > (shape[1] ?? 1))
    throw loraKind(file, tensors.down!, "a control LoRA, whose model takes an image beside the latents");
  try {
    checkShapes(kind, valuesIn({ file, tensors }, weights), [rows, ...shape.slice(1)], weight);
  } catch (error) {
    if (isOther(family, place.family)) throw loraOther(file, family!.title, place.family);
    throw error;
  }
}

/** Numbers of few bits mean something with a scale beside them alone. */
function checkStored(file: string, weights: OpenLora["weights"], tensor: string, unknown: readonly string[]): void {
  const { dtype } = weights.entry(tensor);
  if (!/int|bool|float8/.test(dtype)) return;
  const stem = tensor.replace(/[._](lora|hada_|lokr_|diff|set_weight).*$/, "");
  const beside = unknown.find((name) => name.startsWith(`${stem}.`) || name.startsWith(`${stem}_`));
  if (beside !== undefined)
    throw loraInvalid(file, `has "${tensor}" as ${dtype} and "${beside}", which is not understood`);
  if (!dtype.startsWith("float8")) throw loraInvalid(file, `has "${tensor}" as ${dtype}, and no scale for it`);
}
