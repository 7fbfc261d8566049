import { SkipstepError } from "./error";
import { list } from "./nearest";

const largest = { float16: 65504, bfloat16: 3.39e38 } as const;

/** A weight has numbers that its config's dtype cannot hold. @param values all of it */
export function halfOverflow(
  weight: string,
  dtype: "float16" | "bfloat16",
  count: number,
  values: Float32Array,
): SkipstepError {
  const most = values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  return new SkipstepError(
    "SKIPSTEP_DTYPE_OVERFLOW",
    `Weight "${weight}" has ${count} numbers beyond ${dtype}'s ${largest[dtype]}, the largest is ${most}. Set "dtype" of its component to ${dtype === "float16" ? '"bfloat16" where its device has that, or ' : ""}"float32".`,
  );
}

/** A provider cannot compute in the config's dtype here. @param reason ONNX Runtime's message, where there is one */
export function dtypeUnsupported(
  component: string,
  dtype: string,
  device: string,
  has: readonly string[],
  reason = "",
): SkipstepError {
  const why = reason === "" ? "" : ` (${reason.trim()})`;
  return new SkipstepError(
    "SKIPSTEP_DTYPE_UNSUPPORTED",
    `"${device}" has no ${dtype}, which "dtype" says for ${component}${why}. It has: ${list(has)}. Change "dtype", or put the component on another device.`,
  );
}

/** What a component computes in 16 bits becomes infinite, or no number. @param node the first whose values do, where it was found */
export function halfNotFinite(
  component: string,
  dtype: string,
  node: { readonly op: string; readonly scope: string } | undefined,
): SkipstepError {
  const where = node ? `: the first to do so is ${node.op}${node.scope === "" ? "" : ` in ${node.scope}`}` : "";
  return new SkipstepError(
    "SKIPSTEP_DTYPE_NOT_FINITE",
    `${component} gives NaN or infinity in ${dtype}${where}. Set "dtype": { "${component}": "float32" }.`,
  );
}
