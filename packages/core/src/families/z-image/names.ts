import { denoiserPrefixes, type ModelFile } from "../../weights/single-file/model-file";
import type { Rule } from "../../weights/single-file/rules";

/** Z-Image as ComfyUI's files name it, to ZImageTransformer2DModel; most names are the same. */
export const zImageNames: readonly Rule[] = [
  ["x_embedder", "all_x_embedder.2-1"],
  ["final_layer", "all_final_layer.2-1"],
  ...["layers", "noise_refiner", "context_refiner"].flatMap((list): Rule[] => [
    [`${list}.*.attention.qkv`, ["to_q", "to_k", "to_v"].map((name) => `${list}.*.attention.${name}`)],
    [`${list}.*.attention.out`, `${list}.*.attention.to_out.0`],
    [`${list}.*.attention.q_norm`, `${list}.*.attention.norm_q`],
    [`${list}.*.attention.k_norm`, `${list}.*.attention.norm_k`],
  ]),
];

export const zImageFile: ModelFile = {
  mark: /^all_x_embedder\.2-1\.weight$/,
  prefixes: denoiserPrefixes,
  layouts: [{ title: "ComfyUI", mark: /^noise_refiner\.0\.attention\.qkv\./, rules: () => zImageNames }],
  loraNames: () => [zImageNames],
};
