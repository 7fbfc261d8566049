import type { Feature } from "../architecture/structure";
import type { Configs, Family } from "../loop/family";
import { findPlugin } from "../plugins/discover";
import { installedPlugins } from "../plugins/installed";
import { Catalogue } from "./catalogue";

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
  /** Plugins among the installed ones that ask something of a denoiser, such as caches, and that its denoiser suits. */
  readonly plugins: readonly string[];
}

/**
 * The families that configs in a folder can use: core's, and those of the plugins that are installed there.
 * @throws what `findPlugin` throws for a plugin that is broken
 */
export async function listFamilies(folder: string): Promise<FamilyFacts[]> {
  const found = await Promise.all(installedPlugins(folder).map(({ name }) => findPlugin(name, folder)));
  const catalogue = new Catalogue(found);
  const asking = found.flatMap(({ manifest: { name, requires } }) => (requires ? { name, requires } : []));
  return catalogue.families.map((family) => facts(family, catalogue, asking));
}

/** What a plugin's manifest asks of a denoiser. */
interface Asking {
  readonly name: string;
  readonly requires: readonly Feature[];
}

function facts(family: Family, catalogue: Catalogue, asking: readonly Asking[]): FamilyFacts {
  const { className, title = className, settings, references, singleFiles } = family;
  const { schedulers = Object.keys(catalogue.schedulers.schemas), unfitSchedulers, components } = family;
  const fits = ({ requires }: Asking): boolean => catalogue.familiesWith(requires, [family]).length > 0;
  return {
    className,
    title,
    singleFiles: singleFiles !== undefined,
    settings: Object.keys(settings),
    needsMask: family.needsMask?.(usualConfigs(family)) ?? false,
    references: references?.most ?? 0,
    schedulers: catalogue.schedulers.among(schedulers, unfitSchedulers),
    autoencoders: Object.keys(components.vae ?? {}),
    plugins: asking.filter(fits).map(({ name }) => name),
  };
}

/** Configs of its components where their files say nothing: those of the models that a class is named after. */
function usualConfigs({ components }: Family): Configs {
  return Object.fromEntries(
    Object.entries(components).map(([name, classes]) => [name, Object.values(classes)[0]!.architecture.parse({})]),
  );
}
