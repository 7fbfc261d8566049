import { didYouMean, optionUnfit, type SkipstepError } from "@skipstep/core/plugin";

const plugin = "xformers";

/** Sequences of a block diagonal mask that are not the tokens of an attention. */
export function seqlensUnfit(option: string, sum: number, tokens: number, what: string): SkipstepError {
  return optionUnfit(
    plugin,
    option,
    `must add up to the ${tokens} ${what} of the attention, found ${sum}`,
    "Change the lengths or the image's size.",
  );
}

/** Dropout in a model that is not trained. */
export function dropoutUnfit(p: number): SkipstepError {
  return optionUnfit(
    plugin,
    "p",
    `must be 0, found ${p}: dropout belongs to training, and images are made without it`,
    "Leave it out.",
  );
}

export function biasUnknown(name: string, known: readonly string[]): SkipstepError {
  return optionUnfit(
    plugin,
    "attn_bias",
    `knows no "${name}".${didYouMean(name, known)} It takes: ${known.join(", ")}`,
    "Correct the name.",
  );
}

/** Arguments of a mask that are missing, of the wrong type, or out of range. */
export function biasUnfit(name: string, problem: string, remedy: string): SkipstepError {
  return optionUnfit(plugin, `attn_bias ${name}`, problem, remedy);
}

/** A place in `attention_backend` that the pipeline has not got. */
export function backendPlaceUnknown(place: string, known: readonly string[]): SkipstepError {
  return optionUnfit(
    plugin,
    "attention_backend",
    `has no place "${place}".${didYouMean(place, known)} It takes: ${known.join(", ")}`,
    "Correct the name.",
  );
}

/** Two masks over one attention that cannot be joined. */
export function biasOnCausal(name: string, scope: string): SkipstepError {
  return optionUnfit(
    plugin,
    `attn_bias ${name}`,
    `cannot stand over the causal mask of ${scope}`,
    "Take queries and keys of the same lengths, or leave that component out.",
  );
}

export function backendUnknown(name: unknown, known: readonly string[]): SkipstepError {
  return optionUnfit(
    plugin,
    "attention_backend",
    `knows no ${JSON.stringify(name)}.${didYouMean(String(name), known)} It takes: ${known.join(", ")}`,
    "Correct it.",
  );
}
