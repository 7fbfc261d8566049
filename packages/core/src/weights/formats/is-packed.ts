import type { TensorEntry } from "../checkpoint/weight-source";

/** Ends of names of tensors without which others mean something else. */
const beside =
  /\.(scale_weight|scale_input|weight_scale(_inv|_2)?|weight_s_rel|comfy_quant|absmax|quant_map|SCB|qweight|q_weight|W_q|trellis|weight_packed|wscales|_data|_weight_qdata)$|(^|\.)scaled_fp8$/;

/** Whether some weight is stored in another form than its numbers, as far as a header tells. */
export function isPacked(entries: readonly Pick<TensorEntry, "name" | "dtype">[]): boolean {
  const scales = new Set(
    entries.flatMap(({ name }) => (name.endsWith(".scale") ? [name.slice(0, -".scale".length)] : [])),
  );
  return entries.some(
    ({ name, dtype }) =>
      beside.test(name) ||
      (name.endsWith(".weight") &&
        (dtype === "int8" ||
          dtype === "uint8" ||
          (dtype.startsWith("float8") && scales.has(name.slice(0, -".weight".length))))),
  );
}
