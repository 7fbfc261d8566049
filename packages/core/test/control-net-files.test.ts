import { join } from "node:path";
import { weightShapes } from "@skipstep/contract/graph";
import { describe, expect, it } from "vitest";
import type { Architecture } from "../src/architecture/architecture";
import { fluxFamily } from "../src/families/flux/family";
import { stableDiffusionFamily } from "../src/families/unet/stable-diffusion";
import { stableDiffusionXlFamily } from "../src/families/unet/stable-diffusion-xl";
import { zImageFamily } from "../src/families/z-image/family";
import { zImage } from "../src/families/z-image/model";
import type { Family } from "../src/loop/family";
import { ownCatalogue } from "../src/start/catalogue";
import { convertedShapes, partOf } from "../src/weights/single-file/file-part";
import { originalUNet, type StoredTensors } from "./original-names";
import { readSafetensors } from "./read-safetensors";

const golden = join(import.meta.dirname, "../../../test/golden");

/** config.json of published nets. */
const sd15 = { cross_attention_dim: 768 };
const sd21 = { cross_attention_dim: 1024, attention_head_dim: [5, 10, 20, 20], use_linear_projection: true };
const xl = {
  ...{ block_out_channels: [320, 640, 1280], attention_head_dim: [5, 10, 20], use_linear_projection: true },
  ...{ cross_attention_dim: 2048, transformer_layers_per_block: [1, 2, 10] },
  down_block_types: ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
  ...{ addition_embed_type: "text_time", addition_time_embed_dim: 256, projection_class_embeddings_input_dim: 2816 },
};
const canny = { num_layers: 5, num_single_layers: 10, guidance_embeds: true };
const pro = { num_layers: 5, num_single_layers: 10, guidance_embeds: true, num_mode: 10 };
const turbo1 = {
  control_layers_places: [0, 5, 10, 15, 20, 25],
  control_refiner_layers_places: [],
  control_in_dim: 16,
};
const turbo2 = {
  control_layers_places: Array.from({ length: 15 }, (_, i) => 2 * i),
  control_refiner_layers_places: [0, 1],
  add_control_noise_refiner: "control_noise_refiner",
  control_in_dim: 33,
};

function netOf({ controlNets }: Family): Architecture {
  return Object.values(controlNets!.classes)[0]!.architecture;
}

/** With the transformer that a Z-Image net is built beside. */
function joined(net: Architecture): Architecture {
  const transformer = zImage.parse({ axes_lens: [1536, 512, 512] });
  return { ...net, parse: (raw) => ({ ...(net.parse(raw) as object), transformer }) };
}

describe("a file of a net tells its config", () => {
  it.each<[string, Family, object]>([
    ["Stable Diffusion 1.5", stableDiffusionFamily, sd15],
    ["Stable Diffusion 2.1", stableDiffusionFamily, sd21],
    ["Stable Diffusion XL", stableDiffusionXlFamily, xl],
    ["FLUX.1", fluxFamily, canny],
    ["FLUX.1, of ten kinds", fluxFamily, pro],
    ["Z-Image Turbo", zImageFamily, turbo1],
    ["Z-Image Turbo 2.1", zImageFamily, turbo2],
  ])("of %s", (_, family, config) => {
    const net = netOf(family);
    const shapes = weightShapes(family === zImageFamily ? joined(net) : net, config);
    const found = family.controlNets!.file.config(shapes);
    expect(net.parse(found)).toEqual(net.parse(config));
  });
});

it("of Z-Image Turbo 2.0 has blocks that were not trained, and are not run", () => {
  const shapes = weightShapes(joined(netOf(zImageFamily)), turbo2);
  const isZero = (tensor: string): boolean => tensor === "control_noise_refiner.0.before_proj.weight";
  const found = zImageFamily.controlNets!.file.config(shapes, isZero);
  expect(found).toMatchObject({ ...turbo2, add_control_noise_refiner: "control_layers" });
});

describe("a file of a net under its authors' names", () => {
  it.each(["sd15", "sdxl"])("of %s has the tensors that ControlNetModel asks for", (name) => {
    const stored = readSafetensors(
      join(golden, `extras/controlnet-${name}/controlnet/diffusion_pytorch_model.safetensors`),
    );
    const tensors: StoredTensors = new Map(
      [...stored].map(([tensor, { dtype, shape, data }]) => [tensor, { dtype, shape, bytes: data }]),
    );
    const own = (tensor: string): boolean => tensor.startsWith("controlnet_");
    const unet = originalUNet(new Map([...tensors].filter(([tensor]) => !own(tensor))), 2);
    const others = [...tensors].filter(([tensor]) => own(tensor)).map(([tensor, it]) => [authors(tensor), it] as const);
    const shapes = new Map([...unet, ...others].map(([tensor, { shape }]) => [`control_model.${tensor}`, shape]));
    const part = partOf(ownCatalogue.reading.known, shapes, "ControlNetModel", "controlnet")!;
    expect(part.layout).toBe("ControlNet");
    const expected = [...tensors].map(([tensor, { shape }]) => [tensor, shape]);
    expect([...convertedShapes(part)].sort()).toEqual(expected.sort());
  });
});

/** As https://github.com/lllyasviel/ControlNet has it: activations are counted among the layers that embed the picture. */
function authors(tensor: string): string {
  return tensor
    .replace("controlnet_cond_embedding.conv_in", "input_hint_block.0")
    .replace(/controlnet_cond_embedding\.blocks\.(\d)/, (_, i) => `input_hint_block.${2 + 2 * Number(i)}`)
    .replace("controlnet_cond_embedding.conv_out", "input_hint_block.14")
    .replace(/controlnet_down_blocks\.(\d+)/, "zero_convs.$1.0")
    .replace("controlnet_mid_block", "middle_block_out.0");
}
