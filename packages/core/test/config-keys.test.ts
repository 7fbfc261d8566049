import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Architecture } from "../src/architecture/architecture";
import { autoencoderDc } from "../src/families/autoencoders/autoencoder-dc";
import { autoencoderKl } from "../src/families/autoencoders/autoencoder-kl";
import { autoencoderTiny } from "../src/families/autoencoders/autoencoder-tiny";
import { dit } from "../src/families/dit/model";
import { clipText, clipTextWithProjection } from "../src/families/encoders/clip-text";
import { gemma2 } from "../src/families/encoders/gemma2";
import { qwen25Vl } from "../src/families/encoders/qwen2-5-vl";
import { qwen3 } from "../src/families/encoders/qwen3";
import { t5Encoder } from "../src/families/encoders/t5";
import { flux } from "../src/families/flux/model";
import { flux2 } from "../src/families/flux2/model";
import { pixart } from "../src/families/pixart/model";
import { qwenImageAutoencoder } from "../src/families/qwen-image/autoencoder";
import { qwenImage } from "../src/families/qwen-image/model";
import { sana } from "../src/families/sana/model";
import { sd3 } from "../src/families/sd3/model";
import { unet2DCondition } from "../src/families/unet/unet-2d-condition";
import { zImage } from "../src/families/z-image/model";

const architectures: readonly Architecture[] = [
  ...[autoencoderKl, autoencoderTiny, clipText, clipTextWithProjection, dit, flux, flux2, pixart, qwen3, qwenImage],
  ...[autoencoderDc, gemma2, qwen25Vl, qwenImageAutoencoder, sana, sd3, t5Encoder, unet2DCondition, zImage],
];
/** Options by class with the reference's defaults, see make.py beside it. */
const expected: Readonly<Record<string, Readonly<Record<string, unknown>>>> = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../test/golden/config-keys/expected.json"), "utf8"),
);

/** What an architecture says of an option; nothing where its value is refused. */
function warningsOf(architecture: Architecture, raw: object): string[] {
  const warnings: string[] = [];
  try {
    architecture.parse(raw, (warning) => warnings.push(warning));
  } catch (error) {
    expect(error).toMatchObject({ code: "SKIPSTEP_MODEL_OPTION" }); // it is known, and this value is not supported
  }
  return warnings;
}

describe.each(architectures.map((architecture) => [architecture.className, architecture] as const))(
  "config.json of %s",
  (className, architecture) => {
    it("may have every option of the reference's class", () => {
      const options = Object.entries(expected[className]!);
      expect(options.flatMap(([key, value]) => warningsOf(architecture, { [key]: value }))).toEqual([]);
    });

    it("may have others, which are named and change nothing", () => {
      const warnings: string[] = [];
      const config = architecture.parse({ made_with: "a trainer" }, (warning) => warnings.push(warning));
      expect(config).toEqual(architecture.parse({}));
      expect(warnings).toEqual([`${className} has no option "made_with"; it is ignored, as the reference ignores it.`]);
    });
  },
);

describe("config.json", () => {
  it.each<[Architecture, object, string]>([
    [dit, { num_layer: 2 }, 'Did you mean "num_layers"?'],
    [clipText, { hidden_actt: "gelu" }, 'Did you mean "hidden_act"?'],
    [flux2, { guidance_embed: true }, 'Did you mean "guidance_embeds"?'],
    [unet2DCondition, { layer_per_block: 3 }, 'Did you mean "layers_per_block"?'],
    [flux, { rope_theta: 2000 }, 'FluxTransformer2DModel has no option "rope_theta"'],
    [autoencoderKl, { scaling_facter: 0.5 }, 'Did you mean "scaling_factor"?'],
    [autoencoderKl, { latents_mean: [0, 0, 0, 1] }, 'has one of "latents_mean" and "latents_std"'],
  ])("of $className: a warning for %j", (architecture, raw, text) => {
    expect(warningsOf(architecture, raw)).toEqual([expect.stringContaining(text)]);
    expect(architecture.parse(raw)).toEqual(architecture.parse({}));
  });

  it.each<[Architecture, object, string]>([
    [clipText, { is_causal: false }, '"is_causal" must be one of true, null, found false'],
    [qwen3, { pruned_heads: { 0: [1] } }, '"pruned_heads" must be empty, found {"0":[1]}'],
    [t5Encoder, { hidden_size: 64 }, '"hidden_size" must be null, found 64'],
    [autoencoderKl, { latents_mean: [0, 1], latents_std: [1, 1] }, '"latents_mean" must have an entry for each of 4'],
    [autoencoderKl, { latents_std: [1, 1, 0, 1] }, '"latents_std" (at 2) must be > 0, found 0'],
  ])("of $className: an error for %j, which the reference would follow", (architecture, raw, message) => {
    expect(() => architecture.parse(raw)).toThrow(
      expect.objectContaining({ code: "SKIPSTEP_MODEL_OPTION", message: expect.stringContaining(message) }),
    );
  });
});
