import { describe, expect, it } from "vitest";
import type { Architecture } from "../src/architecture/architecture";
import { SkipstepError } from "../src/errors/error";
import { autoencoderDc } from "../src/families/autoencoders/autoencoder-dc";
import { autoencoderKl } from "../src/families/autoencoders/autoencoder-kl";
import { autoencoderTiny } from "../src/families/autoencoders/autoencoder-tiny";
import { dit } from "../src/families/dit/model";
import { clipText } from "../src/families/encoders/clip-text";
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
import type { BuildHooks } from "../src/graph/build-hooks";
import { Graph } from "../src/graph/graph";
import { anyWeights } from "../src/weights/checkpoint/any-weights";

/** Every model, with as few layers as it may have and the reference's sizes otherwise. */
const models: readonly (readonly [Architecture, object])[] = [
  [autoencoderDc, {}],
  [autoencoderKl, {}],
  [autoencoderTiny, {}],
  [clipText, { num_hidden_layers: 1 }],
  [dit, { num_layers: 1 }],
  [flux, { num_layers: 1, num_single_layers: 1 }],
  [flux2, { num_layers: 1, num_single_layers: 1 }],
  [gemma2, { num_hidden_layers: 1 }],
  [pixart, { num_layers: 1 }],
  [qwenImage, { num_layers: 1 }],
  [qwenImageAutoencoder, {}],
  [qwen25Vl, { num_hidden_layers: 1 }],
  [qwen3, { num_hidden_layers: 1 }],
  [sana, { num_layers: 1 }],
  [sd3, { num_layers: 2 }],
  [t5Encoder, { num_layers: 1 }],
  [unet2DCondition, { layers_per_block: 1, mid_block_type: null }],
  [zImage, { n_layers: 1, n_refiner_layers: 1 }],
];

const many = new Array<number>(20_000).fill(1);
const hostile = [0, -1, 0.5, 3, 7, 1e6, 2 ** 31, 4294967296, 1e12, 1e308, Number.POSITIVE_INFINITY, [], [0], many];
const noHooks: BuildHooks = { weightLoad: () => undefined, attention: () => undefined };

/** Reads a config and emits all graphs, as if there were weights for anything. @returns `"fine"`, or the error's code */
function outcome(architecture: Architecture, raw: object): string {
  try {
    const config = architecture.parse(raw);
    architecture.structure?.(config);
    for (const emit of Object.values(architecture.entries)) emit(Graph.create("x", anyWeights, noHooks), config);
    return "fine";
  } catch (error) {
    return error instanceof SkipstepError ? error.code : String(error);
  }
}

describe("numbers of a config.json that no model has", () => {
  it.each(models.map(([architecture, raw]) => [architecture.className, architecture, raw] as const))(
    "%s refuses them with a code, or builds a graph",
    (_, architecture, raw) => {
      expect(outcome(architecture, raw)).toBe("fine");
      const options = Object.entries(architecture.parse(raw) as object).filter(
        ([, value]) => typeof value !== "boolean",
      );
      const found = options.flatMap(([option]) =>
        hostile.map(
          (value) => `${option} ${String(value).slice(0, 20)}: ${outcome(architecture, { ...raw, [option]: value })}`,
        ),
      );
      expect(found.filter((text) => !/: (fine|SKIPSTEP_(MODEL_OPTION|GRAPH_SHAPE))$/.test(text))).toEqual([]);
    },
  );
});
