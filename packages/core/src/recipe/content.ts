import { basename, join } from "node:path";
import { sha256 } from "../compiler/engine-manifest";
import { fileDigest } from "../disk/file-digest";
import { isFolder, namesIn } from "../disk/on-disk";
import { isTokenizerFile } from "../text/tokenizer-file";
import type { Checkpoint } from "../weights/checkpoint/checkpoint";
import { type Component, configFileOf } from "../weights/checkpoint/component";
import { findWeightFiles, hasVariant } from "../weights/checkpoint/weight-files";

/** What a file or folder is, wherever it lies. */
export interface Content {
  readonly sha256: string;
  /** Of a folder: the hashes of the files in it that count, by their paths inside it. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Which of a checkpoint's files a pipeline reads. */
export interface Used {
  readonly variant?: string | undefined;
  /** Components whose weights it runs. */
  readonly running: ReadonlySet<string>;
  /** Components that come from elsewhere. */
  readonly replaced: ReadonlySet<string>;
}

/** @throws SKIPSTEP_WEIGHTS_UNREADABLE */
export function fileContent(path: string, cacheDir: string): Content {
  return { sha256: fileDigest(path, cacheDir).sha256 };
}

/** Of a checkpoint's own folder or file. @throws SKIPSTEP_WEIGHTS_UNREADABLE */
export function modelContent({ folder, components }: Checkpoint, used: Used, cacheDir: string): Content {
  if (!isFolder(folder)) return fileContent(folder, cacheDir);
  const own = [...components.values()].filter(({ name }) => !used.replaced.has(name));
  const files = own.flatMap((component) =>
    filesOf(component, join(folder, component.name), used).map((file) => `${component.name}/${file}`),
  );
  return folderContent(folder, ["model_index.json", ...files], cacheDir);
}

/** Of a component that comes from elsewhere. @param path of its folder or file */
export function componentContent(component: Component, path: string, used: Used, cacheDir: string): Content {
  if (!isFolder(path)) return fileContent(path, cacheDir);
  return folderContent(path, filesOf(component, path, used), cacheDir);
}

/** Whether a file or folder still has a content. */
export function hasContent(path: string, { sha256, files }: Content, cacheDir: string): boolean {
  try {
    const now = files ? folderContent(path, Object.keys(files), cacheDir) : fileContent(path, cacheDir);
    return now.sha256 === sha256;
  } catch {
    return false; // gone, or not to be read
  }
}

function folderContent(folder: string, names: readonly string[], cacheDir: string): Content {
  const files = Object.fromEntries(
    [...names].sort().map((name) => [name, fileDigest(join(folder, name), cacheDir).sha256]),
  );
  return { sha256: sha256(JSON.stringify(files)), files };
}

/** Config, tokenizer and weights; nothing else of what people keep in such a folder. */
function filesOf({ name, className }: Component, folder: string, { variant, running }: Used): string[] {
  const config = configFileOf(className);
  const names = namesIn(folder)
    .filter((file) => (/Tokenizer/.test(className) ? isTokenizerFile(file) : file === config))
    .filter((file) => !isFolder(join(folder, file)));
  if (!running.has(name)) return names;
  const { files, shards } = findWeightFiles(
    folder,
    variant !== undefined && hasVariant(folder, variant) ? variant : undefined,
  );
  const paths = [...files, ...(shards ? [shards.index] : [])];
  return [...names, ...paths.map((path) => basename(path))];
}
