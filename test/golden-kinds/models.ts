import { clipText, clipTextWithProjection } from "@skipstep/core/model";
import { checkAutoencoderDc, checkAutoencoderKl, checkAutoencoderTiny } from "./autoencoders";
import { checkClip } from "./clip";
import { checkDit } from "./dit";
import { checkFlux } from "./flux";
import { checkFlux2 } from "./flux2";
import { checkGemma2 } from "./gemma2";
import { checkPixArt } from "./pixart";
import { checkQwenImage } from "./qwen-image";
import { checkQwen3 } from "./qwen3";
import { checkSana } from "./sana";
import { checkSd3 } from "./sd3";
import { checkT5 } from "./t5";
import { checkUNet2D, checkUNet2DCondition } from "./unets";
import { checkZImage } from "./z-image";

/** Golden cases of single models, by the class in their `about.json`: each runs one folder and asserts what it computes. */
export const models: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  AutoencoderDC: checkAutoencoderDc,
  AutoencoderKL: checkAutoencoderKl,
  AutoencoderTiny: checkAutoencoderTiny,
  CLIPTextModel: checkClip(clipText),
  CLIPTextModelWithProjection: checkClip(clipTextWithProjection),
  DiTTransformer2DModel: checkDit,
  Flux2Transformer2DModel: checkFlux2,
  FluxTransformer2DModel: checkFlux,
  Gemma2Model: checkGemma2,
  PixArtTransformer2DModel: checkPixArt,
  Qwen3Model: checkQwen3,
  QwenImageTransformer2DModel: checkQwenImage,
  SanaTransformer2DModel: checkSana,
  SD3Transformer2DModel: checkSd3,
  T5EncoderModel: checkT5,
  UNet2DConditionModel: checkUNet2DCondition,
  UNet2DModel: checkUNet2D,
  ZImageTransformer2DModel: checkZImage,
};
