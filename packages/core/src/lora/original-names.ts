import { fluxNames } from "../single-file/flux-names";
import { latentDiffusionUNetRules } from "../single-file/latent-diffusion-unet";
import type { Recipes, Shapes } from "../single-file/recipe";
import { applyRules, type Rule } from "../single-file/rules";
import { zImageNames } from "../single-file/z-image-names";

/** From the names that a model's authors gave, by its class. */
const rulesOf: Readonly<Record<string, (shapes: Shapes) => readonly Rule[]>> = {
  UNet2DConditionModel: (shapes) => latentDiffusionUNetRules(latentDiffusionBlocks(shapes)),
  FluxTransformer2DModel: () => fluxNames,
  ZImageTransformer2DModel: () => zImageNames,
};

/** How a model's tensors come of those under its authors' names. @param shapes under the names that it asks for */
export function originalRecipes(className: string, shapes: Shapes): Recipes {
  const rules = Object.hasOwn(rulesOf, className) ? rulesOf[className]!(shapes) : [];
  return applyRules(rules, originalShapes(rules, shapes));
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
