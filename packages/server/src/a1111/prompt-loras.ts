import { invalidField } from "../http/api-error";

/** `<lora:name>` and `<lora:name:0.8>`, as A1111's clients write them into prompts. */
const tag = /<lora:([^:<>]+)(?::([^<>]*))?>/g;

export interface PromptLoras {
  /** Without the tags. */
  readonly prompt: string;
  readonly loras: readonly { readonly name: string; readonly scale: number }[];
}

/** @throws ApiError for scales that are no numbers */
export function lorasIn(prompt: string): PromptLoras {
  const loras = [...prompt.matchAll(tag)].map(([, name, scale = "1"]) => {
    const number = Number(scale);
    if (scale.trim() === "" || !Number.isFinite(number))
      throw invalidField("prompt", scale, "with numbers as scales of LoRAs");
    return { name: name!, scale: number };
  });
  return { prompt: loras.length === 0 ? prompt : prompt.replaceAll(tag, "").trim(), loras };
}
