import { existsSync, statSync } from "node:fs";
import { extname } from "node:path";
import type { Place } from "../checkpoint/place";
import type { OpenWeights } from "../checkpoint/weight-source";
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
  if (entries) return { place, shapes: shapesOf(entries), open: () => openHere(place) };
  const weights = Weights.openFile(path);
  try {
    return { place, shapes: shapesOf(weights.names.map((name) => weights.entry(name))), open: () => openHere(place) };
  } finally {
    weights.close();
  }
}

function openHere({ path, hub }: Place): OpenWeights {
  if (hub !== undefined && !existsSync(path)) throw weightsNotHere(hub);
  return Weights.openFile(path);
}
