import { existsSync, statSync } from "node:fs";
import { extname } from "node:path";
import type { Place } from "../checkpoint/place";
import type { OpenWeights, TensorEntry } from "../checkpoint/weight-source";
import { Weights } from "../checkpoint/weights";
import { weightsNotHere } from "../errors/checkpoint";
import { fileFormat } from "../errors/single-file";
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
import type { Shapes } from "./recipe";

/** One file of weights: what is in it, and how to open it. */
export interface WeightFile {
  readonly place: Place;
  readonly shapes: Shapes;
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
  if (format) return readFormat(place, format.name, () => openAs(format, path, openHere(place)));
  const mark = packedMark(entries.map(({ name }) => name));
  if (mark !== undefined) throw fileFormat(path, `a quantized file (it has "${mark}")`, pluginForTensor(mark));
  return { place, shapes: shapesOf(entries), open: () => openHere(place) };
}

/** By its name alone. @throws SKIPSTEP_FILE_FORMAT */
export function checkReadable(path: string, formats?: readonly WeightFormat[]): void {
  const kind = unread[extname(path).toLowerCase()];
  if (kind !== undefined && !formatOfFile(path, formats)) throw fileFormat(path, kind, pluginForFile(path));
}

function readFormat(place: Place, format: string, open: () => OpenWeights): WeightFile {
  return { place, shapes: shapesOf(entriesOf(open())), format, open };
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
