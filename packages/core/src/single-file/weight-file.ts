import { existsSync, statSync } from "node:fs";
import { extname } from "node:path";
import type { Place } from "../checkpoint/place";
import { readMetadata } from "../checkpoint/safetensors-metadata";
import type { OpenWeights, TensorEntry } from "../checkpoint/weight-source";
import { Weights } from "../checkpoint/weights";
import { weightsNotHere } from "../errors/checkpoint";
import { fileFormat } from "../errors/single-file";
import { sizeOf } from "../tensor";
import {
  formatOfFile,
  formatOfTensors,
  openAs,
  packedMark,
  pluginForFile,
  pluginForTensor,
} from "../weight-formats/find-format";
import type { WeightFormat } from "../weight-formats/weight-format";
import { shapesOf } from "./file-part";
import type { StoredFile } from "./stored-file";

/** One file of weights: what is in it, and how to open it. */
export interface WeightFile extends StoredFile {
  readonly place: Place;
  /** What reads it, where core does not: `gguf`. */
  readonly format?: string;
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
export function isWeightFile(path: string, formats?: readonly WeightFormat[]): boolean {
  const end = extname(path).toLowerCase();
  return formatOfFile(path, formats) !== undefined || end === ".safetensors" || Object.hasOwn(unread, end);
}

/** Whether a checkpoint is one file of weights and no folder. */
export function isSingleFile({ path, entries }: Place, formats?: readonly WeightFormat[]): boolean {
  return (
    entries !== undefined ||
    (isWeightFile(path, formats) && (statSync(path, { throwIfNoEntry: false })?.isFile() ?? false))
  );
}

/**
 * Reads what a file holds, and no values.
 * @param formats that plugins read; the first that fits counts
 * @throws SKIPSTEP_FILE_FORMAT, and what `SafetensorsFile.open` and a format's reader throw
 */
export function readWeightFile(place: Place, formats?: readonly WeightFormat[]): WeightFile {
  const { path } = place;
  const own = formatOfFile(path, formats);
  if (own) return readFormat(place, own.name, () => openAs(own, path, undefined));
  checkReadable(path, formats);
  const entries = place.entries ?? entriesOf(Weights.openFile(path));
  const format = formatOfTensors(entries, formats);
  if (format) return readFormat(place, format.name, () => openAs(format, path, openHere(place)), metadataOf(place));
  const mark = packedMark(entries.map(({ name }) => name));
  if (mark !== undefined) throw fileFormat(path, `a quantized file (it has "${mark}")`, pluginForTensor(mark));
  const open = (): OpenWeights => openHere(place);
  const numbers = (tensor: string) => (existsSync(path) ? numbersOf(open, tensor) : undefined);
  return { place, shapes: shapesOf(entries), metadata: metadataOf(place), numbers, open };
}

/** By its name alone. @throws SKIPSTEP_FILE_FORMAT */
export function checkReadable(path: string, formats?: readonly WeightFormat[]): void {
  const kind = unread[extname(path).toLowerCase()];
  if (kind !== undefined && !formatOfFile(path, formats)) throw fileFormat(path, kind, pluginForFile(path));
}

function readFormat(
  place: Place,
  format: string,
  open: () => OpenWeights,
  metadata?: WeightFile["metadata"],
): WeightFile {
  const weights = open();
  const numbers = (tensor: string) => numbersOf(open, tensor);
  const shapes = shapesOf(entriesOf(weights));
  return { place, shapes, metadata: metadata ?? weights.metadata ?? {}, numbers, format, open };
}

/** Of safetensors. */
function metadataOf({ path, metadata }: Place): WeightFile["metadata"] {
  return metadata ?? readMetadata(path);
}

/** No more than a few, so that nothing large is read by a name that means something else. */
const mostNumbers = 64;

function numbersOf(open: () => OpenWeights, tensor: string): number[] | undefined {
  const weights = open();
  try {
    if (!weights.has(tensor) || sizeOf(weights.entry(tensor).shape) > mostNumbers) return undefined;
    const { data } = weights.read(tensor);
    return data instanceof BigInt64Array || data instanceof BigUint64Array
      ? Array.from(data, Number)
      : [...weights.readFloat32(tensor)];
  } finally {
    weights.close();
  }
}

/** Closes the weights. */
function entriesOf(weights: OpenWeights): TensorEntry[] {
  weights.close();
  return weights.names.map((name) => weights.entry(name));
}

function openHere({ path, hub }: Place): OpenWeights {
  if (hub !== undefined && !existsSync(path)) throw weightsNotHere(hub);
  return Weights.openFile(path);
}
