import type { ModelFile } from "../single-file/model-file";
import type { Recipes, Shapes } from "../single-file/recipe";
import { applyRules, type Rule } from "../single-file/rules";

/** How a model's tensors come of those under other names, one way after the other. @param shapes under the model's */
export function originalRecipes(file: ModelFile | undefined, shapes: Shapes): Recipes[] {
  const ways = file?.loraNames?.(shapes) ?? [];
  return ways.map((rules) => applyRules(rules, originalShapes(rules, shapes)));
}

/** What is one tensor for a model's authors is also named in parts, as in OMI's files: `img_attn.qkv.0`. */
export function withParts(rules: readonly Rule[]): (readonly Rule[])[] {
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
