import type { LoraModel, TextEncoderLabel } from "./lora";
import type { LoraSources } from "./lora-sources";

type Sources = LoraSources;

/** Names by what an encoder is: the class that it has, and which one of that class. */
const byClass: Readonly<Partial<Record<TextEncoderLabel, readonly [RegExp, number]>>> = {
  clip_l: [/^CLIPText/, 0],
  clip_g: [/^CLIPText/, 1],
  t5: [/^(U?MT5|T5)/, 0],
  qwen: [/^Qwen/, 0],
};

/** What is counted: the component, and what stands in for it. FLUX's T5 is its second encoder, and a third for kohya. */
const byCount: Readonly<Partial<Record<TextEncoderLabel, readonly string[]>>> = {
  te: ["text_encoder"],
  te1: ["text_encoder"],
  te2: ["text_encoder_2"],
  te3: ["text_encoder_3", "text_encoder_2"],
};

/** The components that a module may be in, by the name that its file has for the model. */
export function componentsOf(model: LoraModel, denoiser: string, sources: Sources): string[] {
  if (model === "denoiser") return [denoiser];
  const encoders = [...sources.keys()].filter((name) => name.startsWith("text_encoder"));
  if (model === "any") return encoders;
  const kind = byClass[model];
  if (kind) {
    const [className, index] = kind;
    return encoders.filter((name) => className.test(sources.get(name)!.component.className)).slice(index, index + 1);
  }
  const wanted = byCount[model] ?? [model];
  return wanted.filter((name) => sources.has(name)).slice(0, 1);
}
