import type { Structure } from "../architecture/structure";
import { isModelUnfit } from "../errors/plugins";
import type { Configs, Family } from "../loop/family";
import { decisionsOf } from "../plugins/decisions";
import { findPlugin } from "../plugins/discover";
import { installedPlugins } from "../plugins/installed";
import type { AnyManifest } from "../plugins/plugin";
import { closedSchema } from "../schema/derived-schema";
import { validate } from "../schema/validate";
import { Catalogue, denoiserStructures } from "./catalogue";

/** What a family of pipelines can do, as its code says. */
export interface FamilyFacts {
  /** As in `model_index.json`. */
  readonly className: string;
  /** What people call its models. */
  readonly title: string;
  /** Whether files of its models are recognised, without a folder around them. */
  readonly singleFiles: boolean;
  /** Names of the settings of `generate` that it takes. */
  readonly settings: readonly string[];
  /** Whether all of its models need a mask: they were trained to inpaint. */
  readonly needsMask: boolean;
  /** Most images that it looks at; 0 for one that does not. */
  readonly references: number;
  /** Class names of the schedulers that it can use. */
  readonly schedulers: readonly string[];
  /** Class names that `"vae"` may be of. */
  readonly autoencoders: readonly string[];
  /**
   * Plugins among the installed ones that ask something of a denoiser, or decide what of it is computed, and that its
   * denoiser suits: caches.
   */
  readonly plugins: readonly string[];
}

/**
 * The families that configs in a folder can use: core's, and those of the plugins that are installed there.
 * @throws what `findPlugin` throws for a plugin that is broken
 */
export async function listFamilies(folder: string): Promise<FamilyFacts[]> {
  const found = await Promise.all(installedPlugins(folder).map(({ name }) => findPlugin(name, folder)));
  const catalogue = new Catalogue(found);
  const asking = found.map(({ manifest }) => manifest).filter(asksOfDenoiser);
  return catalogue.families.map((family) => facts(family, catalogue, asking));
}

function facts(family: Family, catalogue: Catalogue, asking: readonly AnyManifest[]): FamilyFacts {
  const { className, title = className, settings, references, singleFiles } = family;
  const { schedulers = Object.keys(catalogue.schedulers.schemas), unfitSchedulers, components } = family;
  const structures = denoiserStructures(family);
  return {
    className,
    title,
    singleFiles: singleFiles !== undefined,
    settings: Object.keys(settings),
    needsMask: family.needsMask?.(usualConfigs(family)) ?? false,
    references: references?.most ?? 0,
    schedulers: catalogue.schedulers.among(schedulers, unfitSchedulers),
    autoencoders: Object.keys(components.vae ?? {}),
    plugins: asking
      .filter((manifest) => structures.some((structure) => suits(structure, manifest)))
      .map(({ name }) => name),
  };
}

/** Configs of its components where their files say nothing: those of the models that a class is named after. */
function usualConfigs({ components }: Family): Configs {
  return Object.fromEntries(
    Object.entries(components).map(([name, classes]) => [name, Object.values(classes)[0]!.architecture.parse({})]),
  );
}

function asksOfDenoiser(manifest: AnyManifest): boolean {
  return manifest.requires !== undefined || decisionsOf(manifest).some((decision) => decision !== "guidance");
}

function suits(structure: Structure, { requires = [], regions, options: schema }: AnyManifest): boolean {
  if (!requires.every((feature) => structure.features.includes(feature))) return false;
  const options = {};
  validate(closedSchema(schema), options, [], true); // fills in the defaults
  try {
    regions?.(structure, options);
    return true;
  } catch (error) {
    return !isModelUnfit(error); // options can be given
  }
}
