/** `general.architecture` by the model's class, as ComfyUI and stable-diffusion.cpp name them. */
const architectures: Readonly<Record<string, string>> = {
  FluxTransformer2DModel: "flux",
  Flux2Transformer2DModel: "flux2",
  SD3Transformer2DModel: "sd3",
  ZImageTransformer2DModel: "lumina2",
  QwenImageTransformer2DModel: "qwen_image",
  PixArtTransformer2DModel: "pixart",
  DiTTransformer2DModel: "dit",
  T5EncoderModel: "t5encoder",
  Qwen2_5_VLForConditionalGeneration: "qwen2vl",
  Qwen3ForCausalLM: "qwen3",
  Qwen3Model: "qwen3",
};

/** @param config tells the two U-Nets of Stable Diffusion apart */
export function architectureOf(className: string, config: Readonly<Record<string, unknown>>): string {
  if (className === "UNet2DConditionModel") return config.addition_embed_type === "text_time" ? "sdxl" : "sd1";
  return architectures[className] ?? "diffusion";
}
