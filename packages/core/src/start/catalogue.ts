import type { ArchitectureEntry } from "../architecture/architecture";
import type { Feature, Structure } from "../architecture/structure";
import type { ConfigCatalogue } from "../config/check-model";
import { atComponent } from "../errors/error";
import { controlNetsNone, familyTwice, pipelineUnknown } from "../errors/pipeline";
import { ownFamilies } from "../families/families";
import { otherFamilies } from "../families/other-families";
import { isControlNet } from "../loop/control-nets";
import type { Family } from "../loop/family";
import type { Manifest } from "../plugins/manifest";
import { ownSchedulers } from "../schedulers/own-schedulers";
import { Schedulers } from "../schedulers/registry";
import type { JsonSchema } from "../schema/json-schema";
import { settingsSchema } from "../settings/settings-schema";
import type { Checkpoint } from "../weights/checkpoint/checkpoint";
import { formatsOf } from "../weights/formats/find-format";
import type { ReadOptions } from "../weights/formats/weight-format";
import { KnownFiles } from "../weights/single-file/known-files";
import type { KnownModel } from "../weights/single-file/known-pipeline";
import type { ModelFile } from "../weights/single-file/model-file";

/** What of a plugin brings something that models are recognised by. */
export interface Bringing {
  readonly manifest: Pick<Manifest<never>, "families" | "schedulers" | "weightFormats">;
}

const ownSettings = settingsSchema(ownFamilies.map(({ settings }) => settings));
const otherSettings = new WeakMap<Family, { readonly brought: readonly Family[]; readonly schema: JsonSchema }>();

/** One object for the same families, so that its check is compiled once. @param brought by plugins */
function settingsWith(brought: readonly Family[]): JsonSchema {
  const [first] = brought;
  if (!first) return ownSettings;
  const known = otherSettings.get(first);
  if (known?.brought.length === brought.length && known.brought.every((family, i) => family === brought[i]))
    return known.schema;
  const schema = settingsSchema([...ownFamilies, ...brought].map(({ settings }) => settings));
  otherSettings.set(first, { brought, schema });
  return schema;
}

/** All that models are recognised by: what core knows, and what a config's plugins bring. */
export class Catalogue {
  readonly families: readonly Family[];
  readonly schedulers: Schedulers;
  /** Of `generate`: the settings of all families. */
  readonly settingsSchema: JsonSchema;
  /** How files of weights are read. */
  readonly reading: Pick<ReadOptions, "formats" | "known">;

  /** @throws SKIPSTEP_FAMILY_TWICE, SKIPSTEP_SCHEDULER_TWICE for two of one class name */
  constructor(plugins: readonly Bringing[] = []) {
    const brought = plugins.flatMap(({ manifest }) => manifest.families ?? []);
    this.settingsSchema = settingsWith(brought);
    this.families = [...ownFamilies, ...brought];
    const names = this.families.flatMap(namesOf);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw familyTwice(twice);
    this.schedulers = new Schedulers([
      ...ownSchedulers,
      ...plugins.flatMap(({ manifest }) => manifest.schedulers ?? []),
    ]);
    const known = new KnownFiles(
      filesOf(this.families),
      ownFamilies.flatMap(({ singleFiles }) => singleFiles ?? []),
      otherFamilies,
      brought.flatMap(({ singleFiles }) => singleFiles ?? []),
    );
    this.reading = { known, ...formatsOf(plugins) };
  }

  /** @throws SKIPSTEP_PIPELINE_UNKNOWN, listing those that are known */
  familyOf({ folder, className }: Pick<Checkpoint, "folder" | "className">): Family {
    const family = this.known(className);
    if (family) return family;
    throw pipelineUnknown(folder, className, this.families.flatMap(namesOf));
  }

  /** Components that a pipeline of a class runs. @throws SKIPSTEP_PIPELINE_UNKNOWN */
  componentsOf(checkpoint: Pick<Checkpoint, "folder" | "className">): string[] {
    const { components, controlNets } = this.familyOf(checkpoint);
    return [...Object.keys(components), ...(controlNets ? ["controlnet"] : [])];
  }

  /**
   * What a component is that a config adds to a pipeline: a ControlNet.
   * @throws SKIPSTEP_CONTROLNET_UNFIT for one of a family that takes none
   */
  added = (className: string, name: string): KnownModel | undefined => {
    const family = isControlNet(name) ? this.known(className) : undefined;
    if (!family || family.controlNets) return family?.controlNets?.file;
    const steered = this.families.flatMap(({ controlNets, title = "" }) => (controlNets ? [title] : []));
    throw atComponent(controlNetsNone(name, className, steered), name);
  };

  private known(className: string): Family | undefined {
    return (
      this.families.find((family) => namesOf(family).includes(className)) ??
      this.families.find(({ controlNets }) => controlNets?.pipelines.includes(className))
    );
  }

  /** Families whose denoiser has all of these, by what people call them: what an error lists. */
  familiesWith = (features: readonly Feature[]): string[] => {
    const fitting = this.families.filter((family) =>
      denoiserStructures(family).some((has) => features.every((it) => has.features.includes(it))),
    );
    return [...new Set(fitting.map(({ title, className }) => title ?? className))];
  };
}

/**
 * Of `generate` and of each scheduler, with what any of several packages bring. Two may bring the same: a config names
 * one of them.
 */
export function schemasOf(plugins: readonly Bringing[]): Pick<ConfigCatalogue, "settingsSchema" | "schedulerSchemas"> {
  const families = plugins.flatMap(({ manifest }) => manifest.families ?? []);
  const schedulers = [...plugins.flatMap(({ manifest }) => manifest.schedulers ?? []), ...ownSchedulers];
  return {
    settingsSchema: settingsWith(families),
    schedulerSchemas: Object.fromEntries(schedulers.map(({ className, schema }) => [className, schema])),
  };
}

/** Without plugins. */
export const ownCatalogue = new Catalogue();

/** How the families' models lie in files, those that draw first. A class that is two models' is no sign of either. */
function filesOf(families: readonly Family[]): Map<string, ModelFile> {
  const entries = families.flatMap(({ components, denoiser, controlNets }) =>
    Object.entries({ ...components, ...(controlNets ? { controlnet: controlNets.classes } : {}) }).flatMap(
      ([name, classes]) =>
        Object.entries(classes).map(([className, entry]) => ({ className, entry, isDenoiser: name === denoiser })),
    ),
  );
  entries.sort((a, b) => Number(b.isDenoiser) - Number(a.isDenoiser));
  const files = new Map<string, ModelFile>();
  for (const { className, entry } of entries) {
    const { file } = entry.architecture;
    if (file && entries.every((other) => other.className !== className || fileOf(other.entry) === file))
      files.set(className, file);
  }
  return files;
}

function fileOf({ architecture }: ArchitectureEntry): ModelFile | undefined {
  return architecture.file;
}

function namesOf({ className, aliases = [] }: Family): string[] {
  return [className, ...aliases];
}

/** Of each class that a family's denoiser may be, with the reference's default config. */
export function denoiserStructures({ components, denoiser }: Pick<Family, "components" | "denoiser">): Structure[] {
  return Object.values(components[denoiser]!).map(({ architecture }) =>
    architecture.structure!(architecture.parse({})),
  );
}
