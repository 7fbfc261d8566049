import { type OpenWeights, openWeights, type WeightSource } from "@skipstep/core/model";
import { lpipsWeights } from "../errors";

/** A network with its weights of differences, under the names that the graph has. */
export interface LpipsWeights {
  readonly net: "alex" | "vgg";
  readonly source: WeightSource;
  close(): void;
}

/** Convolutions of the first layer tell the networks apart. */
const firstShapes = { alex: "64,3,11,11", vgg: "64,3,3,3" } as const;

/**
 * What people have, whatever stands before: the state of `lpips.LPIPS` (`net.slice1.0.weight`, `lin0.model.1.weight`,
 * `lins.0.model.1.weight`), torchvision's or timm's network (`features.0.weight`), and the weights of differences alone.
 */
const names: readonly [RegExp, (...found: string[]) => string][] = [
  [/(?:^|\.)(?:net\.slice\d|features)\.(\d+)\.(weight|bias)$/, (index, kind) => `${index}.${kind}`],
  [/(?:^|\.)lins?\.?(\d)\.model\.1\.weight$/, (index) => `lin${index}.weight`],
];

/** @throws SKIPSTEP_LPIPS_WEIGHTS when something is missing, and what opening safetensors throws */
export function openLpipsWeights(files: readonly string[]): LpipsWeights {
  const opened = files.map((file) => openWeights(file));
  const close = (): void => {
    for (const weights of opened) weights.close();
  };
  try {
    const found = new Map<string, { readonly weights: OpenWeights; readonly name: string }>();
    for (const weights of opened)
      for (const name of weights.names) {
        const known = knownName(name);
        if (known !== undefined) found.set(known, { weights, name });
      }
    const first = found.get("0.weight");
    const shape = first?.weights.entry(first.name).shape.join();
    const net = (["alex", "vgg"] as const).find((each) => firstShapes[each] === shape);
    if (!net) throw lpipsWeights(files, "the network is not in it: features.0.weight of AlexNet or VGG16");
    if (!found.has("lin0.weight"))
      throw lpipsWeights(files, "the weights of differences are not in it: lin0.model.1.weight");
    return { net, source: sourceOf(found), close };
  } catch (error) {
    close();
    throw error;
  }
}

function knownName(name: string): string | undefined {
  for (const [pattern, known] of names) {
    const match = pattern.exec(name);
    if (match) return known(...match.slice(1));
  }
  return undefined;
}

function sourceOf(found: ReadonlyMap<string, { readonly weights: OpenWeights; readonly name: string }>): WeightSource {
  const at = (name: string): { readonly weights: OpenWeights; readonly name: string } => {
    const place = found.get(name);
    if (!place) throw lpipsWeights([], `"${name}" is missing`);
    return place;
  };
  const ask =
    <Rest extends unknown[], Result>(method: (weights: OpenWeights, name: string, ...rest: Rest) => Result) =>
    (name: string, ...rest: Rest): Result => {
      const place = at(name);
      return method(place.weights, place.name, ...rest);
    };
  return {
    names: [...found.keys()],
    has: (name) => found.has(name),
    entry: ask((weights, name) => weights.entry(name)),
    expect: ask((weights, name, shape: readonly number[]) => weights.expect(name, shape)),
    read: ask((weights, name) => weights.read(name)),
    readFloat32: ask((weights, name) => weights.readFloat32(name)),
    readRows: ask((weights, name, first: number, count: number) => weights.readRows(name, first, count)),
    identity: (cacheDir) => [...new Set([...found.values()].map(({ weights }) => weights.identity(cacheDir)))].join(),
  };
}
