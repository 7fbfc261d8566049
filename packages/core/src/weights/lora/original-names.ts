import { fluxNames } from "../../families/flux/names";
import { flux2Names } from "../../families/flux2/names";
import { pixartNames } from "../../families/pixart/names";
import { sd3Rules } from "../../families/sd3/names";
import { latentDiffusionUNetRules } from "../../families/unet/latent-diffusion-names";
import { zImageNames } from "../../families/z-image/names";
import { countOf } from "../single-file/count-of";
import type { Recipes, Shapes } from "../single-file/recipe";
import { applyRules, type Rule } from "../single-file/rules";
import { xlabsNames } from "./xlabs-names";

/** Ways to name a model's tensors, each by itself. From the names that a model's authors gave, by its class. */
const rulesOf: Readonly<Record<string, (shapes: Shapes) => readonly (readonly Rule[])[]>> = {
  UNet2DConditionModel: (shapes) => [latentDiffusionUNetRules(latentDiffusionBlocks(shapes))],
  SD3Transformer2DModel: (shapes) => withParts(sd3Rules(jointBlocks(shapes))),
  PixArtTransformer2DModel: () => withParts(pixartNames),
  FluxTransformer2DModel: () => [...withParts(fluxNames), xlabsNames, [["img_in.proj", "x_embedder"]]],
  Flux2Transformer2DModel: () => [flux2Names, [["sformer_blocks.*", "transformer_blocks.*"]]],
  ZImageTransformer2DModel: () => [zImageNames],
};

/** How a model's tensors come of those under other names, one way after the other. @param shapes under the model's */
export function originalRecipes(className: string, shapes: Shapes): Recipes[] {
  const ways = Object.hasOwn(rulesOf, className) ? rulesOf[className]!(shapes) : [];
  return ways.map((rules) => applyRules(rules, originalShapes(rules, shapes)));
}

/** What is one tensor for a model's authors is also named in parts, as in OMI's files: `img_attn.qkv.0`. */
function withParts(rules: readonly Rule[]): (readonly Rule[])[] {
  const parts = rules.flatMap(([from, to]) =>
    typeof to === "string" ? [] : to.map((name, i): Rule => [`${from}.${i}`, name]),
  );
  return [rules, parts];
}

/** Undoes the rules. Of tensors that share one, each gives the whole of it. */
function originalShapes(rules: readonly Rule[], shapes: Shapes): Shapes {
  const parts = rules.flatMap(([from, to, change = {}]) => {
    const names = [to].flat();
    const shares = change.shares ?? names.map(() => 1);
    const whole = shares.reduce((sum, share) => sum + share, 0);
    return names.map((name, i) => ({ from, pattern: patternOf(name), times: whole / shares[i]! }));
  });
  const original = new Map<string, readonly number[]>();
  for (const [name, [rows, ...rest]] of shapes) {
    const part = parts.find(({ pattern }) => pattern.test(name));
    if (!part || rows === undefined) continue;
    const groups = part.pattern.exec(name)!.slice(1);
    const tail = groups.pop() ?? "";
    original.set(part.from.replace(/\*/g, () => groups.shift()!) + tail, [rows * part.times, ...rest]);
  }
  return original;
}

function patternOf(name: string): RegExp {
  return new RegExp(`^${name.replaceAll(".", "\\.").replaceAll("*", "(\\d+)")}(\\..*)?$`);
}

/** Names by which a latent-diffusion U-Net's blocks are told apart: there they are counted through all levels. */
function latentDiffusionBlocks(shapes: Shapes): Shapes {
  const blocks = new Map<string, readonly number[]>([["input_blocks.0.0.weight", []]]);
  let input = 1;
  for (let level = 0; shapes.has(`down_blocks.${level}.resnets.0.conv1.weight`); level++) {
    for (let layer = 0; shapes.has(`down_blocks.${level}.resnets.${layer}.conv1.weight`); layer++)
      blocks.set(`input_blocks.${input++}.0.in_layers.2.weight`, []);
    if (shapes.has(`down_blocks.${level}.downsamplers.0.conv.weight`))
      blocks.set(`input_blocks.${input++}.0.op.weight`, []);
  }
  let output = 0;
  for (let level = 0; shapes.has(`up_blocks.${level}.resnets.0.conv1.weight`); level++) {
    for (let layer = 0; shapes.has(`up_blocks.${level}.resnets.${layer}.conv1.weight`); layer++)
      blocks.set(`output_blocks.${output++}.0.in_layers.2.weight`, []);
    const part = shapes.has(`up_blocks.${level}.attentions.0.proj_in.weight`) ? 2 : 1;
    if (shapes.has(`up_blocks.${level}.upsamplers.0.conv.weight`))
      blocks.set(`output_blocks.${output - 1}.${part}.conv.weight`, []);
  }
  return blocks;
}

/** Names by which SD3's blocks are counted there. */
function jointBlocks(shapes: Shapes): Shapes {
  const count = countOf(shapes, "transformer_blocks.*");
  return new Map(Array.from({ length: count }, (_, i) => [`joint_blocks.${i}.`, []]));
}
