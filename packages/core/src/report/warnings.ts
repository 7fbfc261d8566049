import { didYouMean, list } from "../errors/nearest";
import type { Encoded } from "../text/tokenizer";

/** Lines of a report that tell of something that went on but may not be what the user wanted. */

/** One line for each prompt that was longer than `limit`. */
export function promptsCut(
  prompts: readonly string[],
  { lengths, counted, truncated }: Pick<Encoded, "lengths" | "counted" | "truncated">,
  limit: number,
): string[] {
  return prompts.flatMap((prompt, i) => {
    if (!truncated[i]) return [];
    const start = [...prompt.slice(0, 80)].slice(0, 40).join("");
    return `The prompt "${start}${start.length < prompt.length ? "…" : ""}" has ${counted[i] ? "" : "more than "}${lengths[i]} tokens, template and special ones included; there is room for ${limit}. The rest was cut.`;
  });
}

export function embeddingsUnused(textEncoder: string, tokenizer: string, rows: number, ids: number): string {
  return `${textEncoder} has embeddings for ${rows} tokens, and ${tokenizer} knows ${ids}: tokens that were added to the encoder are taken apart in prompts. Is its added_tokens.json or tokenizer.json another checkpoint's?`;
}

export function tokensUnembedded(textEncoder: string, tokenizer: string, rows: number, ids: number): string {
  return `${tokenizer} knows ${ids} tokens, and ${textEncoder} has embeddings for ${rows}: a prompt with one of the last ${ids - rows} is refused. Is one of them another checkpoint's?`;
}

/** Lines about one of several text encoders: each has its own room for a prompt. */
export function ofTextEncoder(component: string, lines: readonly string[]): string[] {
  return lines.map((line) => `${component}: ${line}`);
}

/** @param keys of a scheduler's file that its class does not know @param known options that it knows */
export function schedulerKeysIgnored(
  file: string,
  className: string,
  keys: readonly string[],
  known: readonly string[],
): string {
  const meant = keys.map((key) => didYouMean(key, known)).find((text) => text !== "") ?? "";
  const quoted = keys.map((key) => `"${key}"`);
  return `${file}: ${className} does not know ${list(quoted)}, which had no effect.${meant}`;
}

/** @param value that the file of weights asks for @param given the scheduler's; none when it has no such option */
export function noiseDiffers(file: string, key: string, value: unknown, className: string, given: unknown): string {
  const found = given === undefined ? `which ${className} does not have` : `and ${className} has ${given}`;
  const advice =
    given === undefined
      ? `Choose another with "scheduler": { "type": … }.`
      : `Set "scheduler": { "${key}": ${JSON.stringify(value)} } to follow the file, or to ${JSON.stringify(given)} if that is meant.`;
  return `${file}: the model asks for ${key} ${value}, ${found}. ${advice}`;
}

/** @param distilled whether the model takes the strength of guidance as an input */
export function negativePromptUnguided(guidanceScale: number, distilled: boolean): string {
  const reason = distilled
    ? "this model is made to be guided in one pass, without it"
    : `it is followed when guidance_scale is above 1, and it is ${guidanceScale}`;
  return `The negative prompt had no effect: ${reason}.`;
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

/** @param source whose weights add the noise */
export function thresholdBelowNoise(
  plugin: string,
  threshold: number,
  source: { readonly plugin: string; readonly noise: number },
): string {
  return `The threshold ${threshold} of plugin "${plugin}" is below the noise of plugin "${source.plugin}", whose rounding changes what a layer gives by about ${source.noise.toPrecision(2)} at each step: little will be reused. Raise the threshold above it.`;
}

/** @param steps 0-based, at least one */
export function numbersNotFinite(plugin: string, number: string, steps: readonly string[]): string {
  const shown = `${steps.slice(0, 3).join(", ")}${steps.length > 3 ? ", ..." : ""}`;
  return `Plugin "${plugin}" measured a ${number} that is no finite number at ${steps.length === 1 ? "step" : "steps"} ${shown}.`;
}

export function noEffect(plugin: string): string {
  return `Plugin "${plugin}" had no effect: the image and the work are the same as without it. Change its options or remove it.`;
}

/** A mask that shows nothing. */
export function nothingInpainted(): string {
  return "The mask is black all over: nothing of the image was painted anew. White in a mask is painted anew, black stays.";
}
