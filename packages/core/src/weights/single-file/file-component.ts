import { partMissing, partOther } from "../../errors/single-file";
import type { Component } from "../checkpoint/component";
import type { Replaced } from "../checkpoint/override";
import type { Place } from "../checkpoint/place";
import type { ReadOptions } from "../formats/weight-format";
import { classesIn, convertedShapes, type FilePart, partOf, weightsOf } from "./file-part";
import type { KnownFiles } from "./known-files";
import { readWeightFile, type WeightFile } from "./weight-file";

/**
 * A component whose weights are one file, or a part of one. Its config is that of the checkpoint's own component, else
 * what is known of such models.
 * @throws SKIPSTEP_FILE_PART when the file holds no such model, SKIPSTEP_FILE_FORMAT, what `SafetensorsFile.open` throws
 */
export function openFileComponent(place: Place, replaced: Replaced, { formats, known: files }: ReadOptions): Component {
  const file = readWeightFile(place, formats);
  const { known } = replaced;
  const others = known?.kind === "model" ? (known.others ?? []) : [];
  const other = others.find(([mark]) => [...file.shapes.keys()].some((name) => mark.test(name)));
  if (other) throw partOther(place.hub ?? place.path, replaced.name, other[1]);
  return componentOf(file, partOf(files, file.shapes, replaced.className, replaced.name), replaced, files);
}

/** `openFileComponent` of a file that was read. @param part of it that is the component */
export function componentOf(
  file: WeightFile,
  part: FilePart | undefined,
  { name, library, className, own, known }: Replaced,
  files: KnownFiles,
): Component {
  const { path, hub } = file.place;
  const model = known?.kind === "model" ? known : undefined;
  const config = own?.config ?? (part ? model?.config(convertedShapes(part), zerosIn(file, part)) : undefined);
  if (!part || !config) throw partMissing(hub ?? path, name, className, classesIn(files, file.shapes));
  const trainedOn = files.of(className)?.trainedOn?.(hub ?? path, file);
  return {
    name,
    library,
    className,
    source: { path, ...(hub === undefined ? {} : { hub }), config: own?.source.config ?? "built in" },
    ...(file.format === undefined ? {} : { format: file.format }),
    config,
    ...(trainedOn ? { trainedOn, notes: trainedOn.notes } : {}),
    ...(model?.withoutEffect ? { withoutEffect: model.withoutEffect(config) } : {}),
    weights: () => weightsOf(file.open(), part),
  };
}

/** By its first rows: a trained tensor has none of zeros alone. */
function zerosIn(file: WeightFile, part: FilePart): (tensor: string) => boolean {
  return (tensor) => {
    if (file.place.entries) return false; // its header alone is here
    const weights = weightsOf(file.open(), part);
    try {
      const [rows = 1] = weights.entry(tensor).shape;
      return weights.readRows(tensor, 0, Math.min(rows, 16)).every((byte) => byte === 0);
    } finally {
      weights.close();
    }
  };
}
