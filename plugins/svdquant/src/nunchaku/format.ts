import {
  type FormatTensor,
  FormatWeights,
  type OpenWeights,
  parseJson,
  plainTensor,
  type StoredWeights,
  type WeightFormat,
} from "@skipstep/core/plugin";
import { layoutBroken } from "../errors";
import { awqTensors } from "./awq-module";
import { checkParts, type ModuleSource, svdTensors } from "./modules";
import { isFlux, modulesOf, plainName } from "./names";
import { LayerReader, type LayerSize } from "./read-layer";
import { findLayers, plainTensors, type StoredLayer } from "./stored-layers";

/** Counts up when the same file is read to other values. */
const revision = 1;

/** What files that skipstep wrote say in their metadata, as JSON: sizes of layers that are filled up. */
export const ownMetadata = "skipstep_svdquant";

/** nunchaku's files in int4, and those that `skipstep quantize --to svdquant` writes. */
export const nunchakuFormat: WeightFormat = {
  name: "svdquant",
  quantMethods: ["nunchaku", "nunchaku_lite", "svdquant"],
  matches: (entries) => {
    const names = new Set(entries.map(({ name }) => name));
    return [...names].some((name) => name.endsWith(".qweight") && names.has(name.replace(/qweight$/, "wscales")));
  },
  open: openNunchaku,
};

/** @throws SKIPSTEP_SVDQUANT_LAYOUT, SKIPSTEP_SVDQUANT_PRECISION */
function openNunchaku({ path, tensors: source, quantization, metadata }: StoredWeights): OpenWeights {
  if (!source) throw new TypeError("SVDQuant's weights are safetensors");
  const own = ownSizes(metadata());
  const layers = findLayers(source, path);
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const names = [...byName.keys()];
  const isFused = own === undefined && quantization.quant_method !== "nunchaku_lite";
  const reader = new LayerReader(source);
  const tensors = new Map<string, FormatTensor>();
  const isFluxFile = isFlux(names);
  for (const name of plainTensors(source, layers)) tensors.set(plainName(name, isFluxFile), plainTensor(source, name));
  for (const module of modulesOf(names, isFused)) {
    const stored = module.layers.map((name) => byName.get(name)!);
    const sizes = stored.map((layer) => sizeOf(layer, own, path));
    const of: ModuleSource = { module, layers: stored, sizes, reader, source };
    checkParts(of, path);
    for (const [name, tensor] of stored[0]!.kind === "awq" ? awqTensors(of) : svdTensors(of)) tensors.set(name, tensor);
  }
  return new FormatWeights({ format: "svdquant", revision, tensors, origin: source });
}

type OwnSizes = Readonly<Record<string, readonly [rows: number, columns: number]>>;

/** @returns `undefined` for files that others wrote */
function ownSizes(metadata: Readonly<Record<string, unknown>>): OwnSizes | undefined {
  const text = metadata[ownMetadata];
  if (typeof text !== "string") return undefined;
  try {
    return (parseJson(text) as { sizes?: OwnSizes }).sizes ?? {};
  } catch {
    return {}; // what it was filled up with shows in the shapes
  }
}

function sizeOf({ name, rows, columns }: StoredLayer, own: OwnSizes | undefined, path: string): LayerSize {
  const [height, width] = own?.[name] ?? [rows, columns];
  if (height > 0 && height <= rows && width > 0 && width <= columns) return { rows: height, columns: width };
  throw layoutBroken(path, name, `is said to be [${height}, ${width}] and stored as [${rows}, ${columns}]`);
}
