import type { Config } from "../config/config";
import { SkipstepError } from "../errors/error";
import { isHubName } from "../hub/hub-name";
import type { PluginHost } from "../plugins/host";
import { isPath } from "../plugins/resolve";
import type { Checkpoint } from "../weights/checkpoint/checkpoint";
import { findLoraFile } from "../weights/lora/lora-file";
import { findTextualInversion } from "../weights/textual-inversion/read-textual-inversion";
import { type Content, componentContent, fileContent, modelContent, type Used } from "./content";
import { notePlace } from "./known-places";
import type { RecipePlaces } from "./recipe-config";
import { type RecipeFile, recipeFile } from "./recipe-file";

/** A config that was opened. */
export interface OpenedConfig {
  readonly config: Config;
  readonly checkpoint: Checkpoint;
  readonly plugins: PluginHost;
  /** Names of the components whose weights run. */
  readonly running: ReadonlySet<string>;
}

/**
 * Names everything that a config reads by its content, and remembers where that lies. Hashes of weights are known from
 * compiling already.
 */
export function notePlaces(opened: OpenedConfig, cacheDir: string): RecipePlaces {
  const used = usedOf(opened);
  const { config, checkpoint } = opened;
  const { folder: path } = checkpoint;
  const model = noted(cacheDir, config.model, () => ({ path, ...modelContent(checkpoint, used, cacheDir) }));
  return { model, ...noteParts(opened, cacheDir) };
}

/** The same for what stands beside the model. */
export function noteParts(opened: OpenedConfig, cacheDir: string): Omit<RecipePlaces, "model"> {
  const { config, checkpoint, plugins } = opened;
  const used = usedOf(opened);
  const components = Object.entries(config.components ?? {}).map(([name, text]) => {
    const component = checkpoint.component(name);
    const { path } = component.source;
    const find = () => ({ path, ...componentContent(component, path, used, cacheDir) });
    return [name, noted(cacheDir, text, find)] as const;
  });
  const listed = (entries: readonly { readonly path: string }[] = [], find: (path: string) => string): RecipeFile[] =>
    entries.map(({ path }) => noteFile(cacheDir, path, () => find(path)));
  return {
    components: Object.fromEntries(components),
    lists: {
      lora: listed(config.lora, findLoraFile),
      textual_inversions: listed(config.textual_inversions, findTextualInversion),
    },
    plugins: plugins.plugins.map(({ use, name, file }) =>
      isPath(use) && file !== undefined ? { ...noteFile(cacheDir, file), name } : use,
    ),
  };
}

/** Names one file by its content, and remembers where it lies. @param find where it lies, when that is not `path` */
export function noteFile(cacheDir: string, path: string, find: () => string = () => path): RecipeFile {
  return noted(cacheDir, path, () => {
    const file = find();
    return { path: file, ...fileContent(file, cacheDir) };
  });
}

function usedOf({ config, running }: OpenedConfig): Used {
  const replaced = new Set(Object.keys(config.components ?? {}));
  return { variant: config.variant, running, replaced };
}

/** @param text what the config says @param find what that is, and where it lies */
function noted(cacheDir: string, text: string, find: () => Content & { readonly path: string }): RecipeFile {
  try {
    const { path, ...content } = find();
    if (!isHubName(text)) notePlace(cacheDir, path, content);
    return recipeFile(text, content.sha256);
  } catch (error) {
    if (!(error instanceof SkipstepError)) throw error;
    return recipeFile(text); // a plugin reads it from files that core does not know, or it is gone by now
  }
}
