import { constants } from "node:buffer";
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { fileDigest } from "../../disk/file-digest";
import { sameStamp } from "../../disk/file-stamp";
import { tensorDtype, tensorMissing, tensorTooLarge, tensorUnindexed, weightsChanged } from "../../errors/checkpoint";
import { itemSize } from "../../tensor";
import { safetensorsNames } from "./dtypes";
import { SafetensorsFile } from "./safetensors";
import { rowLength, type SourceTensor } from "./source-tensor";
import { TensorWeights } from "./tensor-weights";
import { writeFloat32 } from "./to-float32";
import { findWeightFiles, type WeightFiles } from "./weight-files";
import type { OpenWeights, TensorEntry } from "./weight-source";

export type { OpenWeights, StoredAs, TensorEntry, WeightSource } from "./weight-source";

export interface WeightsOptions {
  /** The middle of the file names: `fp16` for `model.fp16.safetensors`. */
  readonly variant?: string | undefined;
}

/** Bytes that are converted to float32 at once: fits the cache, so that a large tensor costs its float32 size only. */
const chunkLength = 2 ** 20;

/** The safetensors files of one component. Whoever opens it closes it. */
export class Weights extends TensorWeights implements OpenWeights {
  readonly layout = "diffusers";
  readonly names: readonly string[];
  readonly unread: ReadonlyMap<string, string>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Asked for many times each. */
  private readonly tensors = new Map<string, SourceTensor>();

  private constructor(
    private readonly files: ReadonlyMap<string, SafetensorsFile>,
    private readonly entries: ReadonlyMap<string, TensorEntry>,
    private readonly index: string | undefined,
  ) {
    super();
    this.names = [...entries.keys()];
    this.unread = new Map([...files.values()].flatMap((file) => [...file.unread]));
    this.metadata = Object.fromEntries([...files.values()].flatMap(({ metadata }) => Object.entries(metadata)));
  }

  /**
   * Opens the weights in a component's folder and reads their headers.
   *
   * @throws SKIPSTEP_WEIGHTS_MISSING, SKIPSTEP_SHARD_MISSING, SKIPSTEP_CHECKPOINT_INVALID, and what
   *   `SafetensorsFile.open` throws
   */
  static open(folder: string, { variant }: WeightsOptions = {}): Weights {
    return Weights.openFiles(findWeightFiles(folder, variant));
  }

  /** Opens weights that lie in one file. @throws what `SafetensorsFile.open` throws */
  static openFile(path: string): Weights {
    return Weights.openFiles({ files: [path] });
  }

  private static openFiles(found: WeightFiles): Weights {
    const files = new Map<string, SafetensorsFile>();
    try {
      for (const path of found.files) files.set(path, SafetensorsFile.open(path));
      return new Weights(files, gather(files, found.shards), found.shards?.index);
    } catch (error) {
      for (const file of files.values()) file.close();
      throw error;
    }
  }

  /** @throws SKIPSTEP_WEIGHTS_CHANGED when a file is no longer what was opened */
  identity(cacheDir: string): string {
    const whole = createHash("sha256");
    for (const [path, file] of this.files) {
      const { sha256, stamp } = fileDigest(path, cacheDir);
      if (!sameStamp(stamp, file.stamp)) throw weightsChanged(path);
      whole.update(sha256);
    }
    // The index says which of the shards' tensors count.
    if (this.index !== undefined) whole.update(fileDigest(this.index, cacheDir).sha256);
    return whole.digest("hex");
  }

  /** Closes the files. May be called again. */
  close(): void {
    for (const file of this.files.values()) file.close();
  }

  protected tensor(name: string): SourceTensor {
    const known = this.tensors.get(name) ?? this.tensorAt(this.place(name));
    this.tensors.set(name, known);
    return known;
  }

  private tensorAt(entry: TensorEntry): SourceTensor {
    const { dtype, shape, file, offset } = entry;
    const length = rowLength(entry);
    return {
      ...{ dtype, shape, file, offset },
      readRows: (first, count) => this.readBytes(entry, first * length, count * length),
      readFloat32: () => this.readNumbers(entry),
    };
  }

  private place(name: string): TensorEntry {
    const entry = this.entries.get(name);
    if (entry) return entry;
    const type = this.unread.get(name);
    if (type === undefined) throw tensorMissing(name, [...this.files.keys()], this.names);
    const file = [...this.files.values()].find((known) => known.unread.has(name))!;
    throw tensorDtype(file.path, name, type, safetensorsNames);
  }

  private readBytes(entry: TensorEntry, from: number, byteLength: number): Uint8Array {
    checkLength(entry, byteLength);
    const bytes = new Uint8Array(byteLength);
    this.fileOf(entry).readInto(entry, bytes, from);
    return bytes;
  }

  private readNumbers(entry: TensorEntry): Float32Array {
    const { dtype, byteLength } = entry;
    const size = itemSize[dtype];
    const count = byteLength / size;
    checkLength(entry, count * itemSize.float32);
    const target = new Float32Array(count);
    if (dtype === "float32") {
      this.fileOf(entry).readInto(entry, new Uint8Array(target.buffer));
      return target;
    }
    const chunk = new Uint8Array(Math.min(byteLength, chunkLength));
    for (let from = 0; from < byteLength; from += chunkLength) {
      const bytes = chunk.subarray(0, Math.min(chunkLength, byteLength - from));
      this.fileOf(entry).readInto(entry, bytes, from);
      writeFloat32(bytes, dtype, target.subarray(from / size, (from + bytes.length) / size));
    }
    return target;
  }

  private fileOf({ file }: TensorEntry): SafetensorsFile {
    return this.files.get(file)!;
  }
}

/** Tensors of all files by name; of shards, those that the index places in them. */
function gather(
  files: ReadonlyMap<string, SafetensorsFile>,
  shards: WeightFiles["shards"],
): ReadonlyMap<string, TensorEntry> {
  const all = [...files.values()].flatMap(({ entries }) => entries);
  const counted = shards ? all.filter(({ name, file }) => shards.fileOf.get(name) === basename(file)) : all;
  const entries = new Map(counted.map((entry) => [entry.name, entry]));
  const isUnread = (name: string): boolean => [...files.values()].some((file) => file.unread.has(name));
  for (const [name, file] of shards?.fileOf ?? [])
    if (!entries.has(name) && !isUnread(name)) throw tensorUnindexed(shards!.index, name, file);
  return entries;
}

function checkLength(entry: TensorEntry, byteLength: number): void {
  if (byteLength > constants.MAX_LENGTH) throw tensorTooLarge(entry, byteLength, constants.MAX_LENGTH);
}
