import { basename } from "node:path";
import { messageOf, SkipstepError } from "./error";
import { didYouMean, list, some } from "./nearest";

/** A tensor of a file, as far as an error tells of it. */
interface StoredTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly file: string;
}

function placeOf({ name, file }: StoredTensor): string {
  return `${file}: tensor "${name}"`;
}

/** A path that is no diffusers folder. @param problem what it is instead, and what to do */
export function checkpointMissing(folder: string, problem: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_CHECKPOINT_MISSING", `${folder} is no diffusers checkpoint: ${problem}`);
}

/** A JSON file of the checkpoint is broken. @param problem `is not JSON`, `has no "weight_map"` */
export function checkpointInvalid(file: string, problem: string, cause?: unknown): SkipstepError {
  return new SkipstepError("SKIPSTEP_CHECKPOINT_INVALID", `${file} ${problem}. Download the file again.`, { cause });
}

/** `model_index.json` names a component whose folder is not there. */
export function componentFolderMissing(file: string, name: string, present: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_COMPONENT_MISSING",
    `${file} names a component "${name}", but there is no such folder beside it. There are: ${some(present)}. Download "${name}" as well.`,
  );
}

/** A component's folder lacks its config. */
export function componentConfigMissing(name: string, file: string, present: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_COMPONENT_MISSING",
    `Component "${name}" has no ${file}. Its folder has: ${some(present)}. Download the file.`,
  );
}

/** A component was asked for that the checkpoint does not have. */
export function componentUnknown(folder: string, name: string, known: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_COMPONENT_MISSING",
    `${folder} has no component "${name}".${didYouMean(name, known)} It has: ${list(known)}. Use a checkpoint that has it.`,
  );
}

/** A component's folder cannot be listed. */
export function folderUnreadable(folder: string, cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_WEIGHTS_MISSING",
    `${folder} cannot be listed: ${messageOf(cause)}. Check the path.`,
    {
      cause,
    },
  );
}

/** A component's folder has no weights that can be read. */
export function weightsMissing(
  folder: string,
  wanted: readonly string[],
  present: readonly string[],
  hint: string,
): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_WEIGHTS_MISSING",
    `${folder} has no weights. Looked for: ${list(wanted)}. It has: ${some(present)}. ${hint}`,
  );
}

/** Weights of the hub that are asked for before they are downloaded. */
export function weightsNotHere(hub: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_WEIGHTS_MISSING",
    `The weights of ${hub} are not downloaded yet: opening the pipeline downloads them ("skipstep generate").`,
  );
}

/** A component that is to be taken from a whole pipeline's folder. */
export function componentAmbiguous(folder: string, name: string, present: readonly string[]): SkipstepError {
  const advice = present.includes(name) ? `Give ${folder}/${name}.` : `It has: ${some(present)}. Give one of these.`;
  return new SkipstepError(
    "SKIPSTEP_COMPONENT_MISSING",
    `${folder} is a whole checkpoint, and a "${name}" was to be given. ${advice}`,
  );
}

/** A component's folder or file is not there. */
export function componentNowhere(path: string, name: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_COMPONENT_MISSING",
    `There is no folder or file ${path} for "${name}". Check the path; it is relative to the config.`,
  );
}

/** No component of a checkpoint has weights of the variant. */
export function variantMissing(folder: string, variant: string, known: readonly string[]): SkipstepError {
  const advice = known.length > 0 ? `It has: ${list(known)}.` : 'It has plain weights only: leave "variant" out.';
  return new SkipstepError(
    "SKIPSTEP_WEIGHTS_MISSING",
    `${folder} has no weights of variant "${variant}".${didYouMean(variant, known)} ${advice}`,
  );
}

/** An index names shards that are not there. */
export function shardsMissing(index: string, missing: readonly string[], present: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_SHARD_MISSING",
    `${index} names ${some(missing)}, not found beside it. There are: ${some(present)}. Download the missing files.`,
  );
}

/** An index places a tensor in a shard that does not hold it. */
export function tensorUnindexed(index: string, tensor: string, file: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_SHARD_MISSING",
    `${index} places tensor "${tensor}" in ${file}, which does not hold it. Download the index and its shards again, from one place.`,
  );
}

/** A file cannot be opened or read. */
export function fileUnreadable(file: string, cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_WEIGHTS_UNREADABLE",
    `${file} cannot be read: ${messageOf(cause)}. Check that it is there, and its permissions.`,
    { cause },
  );
}

/** A file that is no sound safetensors file. */
export function weightsInvalid(file: string, problem: string, cause?: unknown): SkipstepError {
  return new SkipstepError("SKIPSTEP_WEIGHTS_INVALID", `${file}: ${problem}. Download it again as safetensors.`, {
    cause,
  });
}

/** A file ends too early. @param what reaches beyond its end @param needed where it would end, in bytes */
export function weightsTruncated(file: string, what: string, needed: number, found: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_WEIGHTS_TRUNCATED",
    `${file} is cut off: ${what} ends at byte ${needed}, the file at byte ${found}. Download it again.`,
  );
}

/** A header that contradicts itself about a tensor. @param problem `overlaps tensor "b" by 4 bytes` */
export function tensorBroken(file: string, tensor: string, problem: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_TENSOR_BROKEN", `${file}: tensor "${tensor}" ${problem}. Download it again.`);
}

/** A tensor of a type that Skipstep does not read. */
export function tensorDtype(file: string, tensor: string, dtype: string, known: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TENSOR_DTYPE",
    `${file}: tensor "${tensor}" is of type "${dtype}". Skipstep reads: ${list(known)}. Use a checkpoint in one of these.`,
  );
}

/** A model needs a tensor that the checkpoint does not have. */
export function tensorMissing(tensor: string, files: readonly string[], known: readonly string[]): SkipstepError {
  const others = files.length > 1 ? ` and ${some(files.slice(1).map((file) => basename(file)))}` : "";
  return new SkipstepError(
    "SKIPSTEP_TENSOR_MISSING",
    `${files[0]}${others}: there is no tensor "${tensor}" among ${known.length}.${didYouMean(tensor, known)} The file must belong to the config.json beside it.`,
  );
}

/** A config that claims more blocks than there are. @param list `transformer_blocks` */
export function blocksMissing(path: string, list: string, claimed: number, held: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TENSOR_MISSING",
    `${path}: its config has ${claimed} blocks "${list}", its weights hold ${held}. They must belong together.`,
  );
}

/** A config that claims more layers than the files have tensors. */
export function layersMissing(path: string, claimed: number, tensors: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TENSOR_MISSING",
    `${path}: its config has ${claimed} layers, its weights hold ${tensors} tensors. They must belong together.`,
  );
}

/** A tensor has another shape than the model's config asks for. */
export function tensorShape(entry: StoredTensor, expected: readonly number[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TENSOR_SHAPE",
    `${placeOf(entry)} must be [${expected.join(", ")}], found [${entry.shape.join(", ")}]. The file must belong to the config.json beside it.`,
  );
}

/** A tensor that does not fit into one array. */
export function tensorTooLarge(entry: StoredTensor, byteLength: number, most: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TENSOR_TOO_LARGE",
    `${placeOf(entry)} takes ${byteLength} bytes, and Node's arrays hold ${most}. Read it in pieces, with readRows.`,
  );
}

/** Rows were asked for that a tensor does not have. */
export function rowsOutside(entry: StoredTensor, firstRow: number, rowCount: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TENSOR_ROWS",
    `${placeOf(entry)} has ${entry.shape[0] ?? 1} rows; ${rowCount} from row ${firstRow} on were asked for. Ask for rows that it has.`,
  );
}

/** Weights were read after `close()`. */
export function weightsClosed(file: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_WEIGHTS_CLOSED", `${file} has been closed. Open the weights again.`);
}

/** A file was written while it was in use. */
export function weightsChanged(file: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_WEIGHTS_CHANGED", `${file} changed while it was in use. Run again.`);
}
