import { list } from "../errors/nearest";
import type { Encoded } from "../text/tokenizer";

/** Lines of a report that tell of something that went on but may not be what the user wanted. */

/** One line for each prompt that was longer than `limit`. */
export function promptsCut(
  prompts: readonly string[],
  { lengths, truncated }: Pick<Encoded, "lengths" | "truncated">,
  limit: number,
): string[] {
  return prompts.flatMap((prompt, i) => {
    if (!truncated[i]) return [];
    const start = [...prompt].slice(0, 40).join("");
    return `The prompt "${start}${start.length < prompt.length ? "…" : ""}" has ${lengths[i]} tokens, template and special ones included; there is room for ${limit}. The rest was cut.`;
  });
}

export function weightsNotFinite(
  component: string,
  tensors: readonly { label: string; nan: number; inf: number }[],
): string {
  const shown = tensors.slice(0, 3).map(({ label, nan, inf }) => `${label} (${nan} NaN, ${inf} infinite)`);
  return `${component} has ${tensors.length} ${tensors.length === 1 ? "tensor" : "tensors"} with values that are not finite: ${list(shown)}${tensors.length > 3 ? ", ..." : ""}. Download the checkpoint again.`;
}

export function engineRepaired(component: string, problem: string): string {
  return `The cached engine of ${component} was damaged (${problem}); it was compiled again.`;
}

export function latentsNotFinite(step: number, count: number): string {
  return `The latents are not finite after step ${step} of ${count}: the image is not usable. Look for NaN in the weights or a scheduler setting out of range.`;
}

export function pixelsNotFinite(image: number, pixels: number): string {
  return `Image ${image} has ${pixels} values that are not finite; they are black.`;
}

export function noEffect(plugin: string): string {
  return `Plugin "${plugin}" had no effect: the image and the work are the same as without it. Change its options or remove it.`;
}
