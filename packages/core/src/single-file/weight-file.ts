import { existsSync, statSync } from "node:fs";
import { extname } from "node:path";
import type { Place } from "../checkpoint/place";
import type { OpenWeights, TensorEntry } from "../checkpoint/weight-source";
import { Weights } from "../checkpoint/weights";
import { weightsNotHere } from "../errors/checkpoint";
import { fileFormat } from "../errors/single-file";
import { shapesOf } from "./file-part";
import type { Shapes } from "./recipe";

/** One file of weights: what is in it, and how to open it. */
export interface WeightFile {
  readonly place: Place;
  readonly shapes: Shapes;
  open(): OpenWeights;
}

/** Formats that are recognised and not read, by the ends of file names. */
const unread: Readonly<Record<string, string>> = {
  ".gguf": "a GGUF file",
  ".ckpt": "a PyTorch pickle",
  ".pt": "a PyTorch pickle",
  ".pth": "a PyTorch pickle",
  ".bin": "a PyTorch pickle",
};

/** Tensors beside the weights without which packed or scaled numbers mean something else. */
const quantized =
  /\.(scale_weight|weight_scale(_2)?|comfy_quant|absmax|quant_map|SCB|qweight|qzeros|wscales)$|^scaled_fp8$/;

/** Whether a config's text means a file of weights, by its end. */
export function isWeightFile(path: string): boolean {
  const end = extname(path).toLowerCase();
  return end === ".safetensors" || Object.hasOwn(unread, end);
}

/** Whether a checkpoint is one file of weights and no folder. */
export function isSingleFile({ path, entries }: Place): boolean {
  return (
    entries !== undefined || (isWeightFile(path) && (statSync(path, { throwIfNoEntry: false })?.isFile() ?? false))
  );
}

/**
 * Reads what a file holds, and no values.
 * @throws SKIPSTEP_FILE_FORMAT, and what `SafetensorsFile.open` throws
 */
export function readWeightFile(place: Place): WeightFile {
  const { path, entries } = place;
  const kind = unread[extname(path).toLowerCase()];
  if (kind !== undefined) throw fileFormat(path, kind);
  const shapes = shapesOf(entries ?? entriesOf(path));
  const scale = [...shapes.keys()].find((name) => quantized.test(name));
  if (scale !== undefined) throw fileFormat(path, `a quantized file (it has "${scale}")`);
  return { place, shapes, open: () => openHere(place) };
}

function entriesOf(path: string): TensorEntry[] {
  const weights = Weights.openFile(path);
  weights.close();
  return weights.names.map((name) => weights.entry(name));
}

function openHere({ path, hub }: Place): OpenWeights {
  if (hub !== undefined && !existsSync(path)) throw weightsNotHere(hub);
  return Weights.openFile(path);
}
