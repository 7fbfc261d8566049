import { partUnfit } from "../../errors/single-file";
import type { JsonObject } from "../../schema/json";
import { countOf } from "../../weights/single-file/count-of";
import type { KnownModel } from "../../weights/single-file/known-pipeline";
import type { Shapes } from "../../weights/single-file/recipe";

/** What no shape tells of an autoencoder. */
interface Latents {
  readonly latent_channels: number;
  readonly scaling_factor: number;
  readonly shift_factor: number | null;
  /** Pixels along a side that it was trained on. */
  readonly sample_size: number;
  /** By channel, in place of a shift and beside the scale. */
  readonly latents_mean?: readonly number[];
  readonly latents_std?: readonly number[];
}

/** FLUX.1 and Z-Image share an autoencoder. */
export const fluxLatents = { latent_channels: 16, scaling_factor: 0.3611, shift_factor: 0.1159, sample_size: 1024 };

/** The autoencoder of a pipeline; widths and depths are the tensors'. */
export function knownVae(pipeline: string, latents: Latents): KnownModel {
  return {
    kind: "model",
    library: "diffusers",
    className: "AutoencoderKL",
    config: (shapes) => vaeConfig(shapes, pipeline, latents),
  };
}

function vaeConfig(shapes: Shapes, pipeline: string, latents: Latents): JsonObject {
  const found = shapes.get("decoder.conv_in.weight")?.[1];
  if (found !== latents.latent_channels)
    throw partUnfit("AutoencoderKL", pipeline, `must have ${latents.latent_channels} latent channels, found ${found}`);
  const levels = countOf(shapes, "encoder.down_blocks.*");
  return {
    _class_name: "AutoencoderKL",
    ...latents,
    block_out_channels: Array.from(
      { length: levels },
      (_, level) => shapes.get(`encoder.down_blocks.${level}.resnets.0.conv1.weight`)?.[0],
    ),
    layers_per_block: countOf(shapes, "encoder.down_blocks.0.resnets.*"),
    down_block_types: new Array<string>(levels).fill("DownEncoderBlock2D"),
    up_block_types: new Array<string>(levels).fill("UpDecoderBlock2D"),
    use_quant_conv: shapes.has("quant_conv.weight"),
    use_post_quant_conv: shapes.has("post_quant_conv.weight"),
  };
}
