import { existsSync } from "node:fs";
import { extname } from "node:path";
import { statsOf } from "../../disk/on-disk";
import { weightsNotHere } from "../../errors/checkpoint";
import { fileFormat } from "../../errors/single-file";
import { sizeOf } from "../../tensor";
import type { Place } from "../checkpoint/place";
import type { OpenWeights, TensorEntry } from "../checkpoint/weight-source";
import { Weights } from "../checkpoint/weights";
import { formatOfFile, openAs, pluginForFile } from "../formats/find-format";
import { openStored, understood } from "../formats/open-stored";
import type { WeightFormat } from "../formats/weight-format";
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
  return entries !== undefined || (isWeightFile(path, formats) && (statsOf(path)?.isFile() ?? false));
}

/**
 * Reads what a file holds, and no values.
 * @param formats that plugins read; the first that fits counts
 * @throws SKIPSTEP_FILE_FORMAT, and what `SafetensorsFile.open` and a format's reader throw
 */
export function readWeightFile(place: Place, formats?: readonly WeightFormat[]): WeightFile {
  const { path } = place;
  const own = formatOfFile(path, formats);
  if (own) return readFormat(place, () => understood(path, openAs(own, path, undefined)), own.name);
  checkReadable(path, formats);
  // What lies packed is brought before it is read: a header that came alone is of plain weights.
  if (!place.entries) return readFormat(place, () => openStored(path, openHere(place), { formats }));
  const open = (): OpenWeights => openHere(place);
  const shapes = shapesOf(place.entries);
  const numbers = (tensor: string) =>
    isFew(shapes.get(tensor)) && existsSync(path) ? numbersOf(open, tensor) : undefined;
  return { place, shapes, metadata: place.metadata ?? {}, numbers, open };
}

/** By its name alone. @throws SKIPSTEP_FILE_FORMAT */
export function checkReadable(path: string, formats?: readonly WeightFormat[]): void {
  const kind = unread[extname(path).toLowerCase()];
  if (kind !== undefined && !formatOfFile(path, formats)) throw fileFormat(path, kind, pluginForFile(path));
}

/** @param name the format's, where that is known before it is opened */
function readFormat(place: Place, open: () => OpenWeights, name?: string): WeightFile {
  const weights = open();
  const { format = name, metadata = {} } = weights;
  const shapes = shapesOf(entriesOf(weights));
  const numbers = (tensor: string) => (isFew(shapes.get(tensor)) ? numbersOf(open, tensor) : undefined);
  return { place, shapes, metadata, numbers, ...(format === undefined ? {} : { format }), open };
}

/** No more than a few, so that nothing large is read by a name that means something else. */
const mostNumbers = 64;

function isFew(shape: readonly number[] | undefined): boolean {
  return shape !== undefined && sizeOf(shape) <= mostNumbers;
}

function numbersOf(open: () => OpenWeights, tensor: string): number[] {
  const weights = open();
  try {
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
