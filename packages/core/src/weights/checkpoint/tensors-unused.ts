import { list } from "../../errors/nearest";

/** A line for the report. @param model that has no use for them; for tensors of no model left out */
export function tensorsUnused(file: string, model: string | undefined, tensors: readonly string[]): string {
  const shown = tensors.slice(0, 3).map((tensor) => `"${tensor}"`);
  const rest = tensors.length > 3 ? `, and ${tensors.length - 3} more` : "";
  const owner = model === undefined ? "no model of it has a" : `${model} has no`;
  return `${file}: ${owner} use for ${tensors.length === 1 ? "tensor" : `${tensors.length} tensors`} ${list(shown)}${rest}, which had no effect.`;
}
