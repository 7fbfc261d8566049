import type { Structure } from "../architecture/structure";
import { SkipstepError } from "../errors/error";
import type { FamiliesWith } from "../plugins/conflicts";
import { type Finding, findingOf, invalid } from "../schema/finding";
import { isObject, type JsonObject, type JsonPath } from "../schema/json";
import type { JsonSchema } from "../schema/json-schema";
import type { SettingProblem } from "../settings/setting-problem";
import { checkComponents, checkDeviceMap, type PipelineComponents } from "./check-components";
import { checkDtype } from "./check-dtype";
import { type CheckedPlugins, checkFeatures, type PlacedPlugin } from "./check-plugins";
import { checkScheduler, type SchedulerSchemas } from "./check-scheduler";
import type { Config, GenerateConfig, SchedulerConfig } from "./config";
import type { LimitChoice } from "./limits";

/** The part of a config that says which checkpoint is meant. */
export type ModelChoice = Pick<Config, "model" | "variant" | "components">;

/** A checkpoint's model, as far as a config is checked against it. */
export interface ConfigModel {
  readonly structure: Structure;
  readonly pipeline: PipelineComponents;
  /** Class name of the checkpoint's own scheduler, for checking options that come without a `type`. */
  readonly ownScheduler: string | undefined;
  /** Throws what keeps the checkpoint from running with that scheduler. */
  checkFit(scheduler: SchedulerConfig | undefined): void;
  /** Settings that it cannot follow. */
  settingProblems(generate: GenerateConfig, limits: LimitChoice): readonly SettingProblem[];
}

/** What is known of models, by core and by a config's plugins. */
export interface ConfigCatalogue<Model extends ConfigModel = ConfigModel> {
  readonly schedulerSchemas: SchedulerSchemas;
  /** Of `generate`. */
  readonly settingsSchema: JsonSchema;
  /** Families of models that a plugin fits, for errors. */
  readonly familiesWith: FamiliesWith;
  /** Looks at the checkpoint's configs, not at its weights; a `SkipstepError` from it is told with all others. */
  recognise?(choice: ModelChoice): Promise<Model>;
}

export interface AgainstModel<Model> {
  /** As far as it could be recognised. */
  readonly model?: Model;
  readonly findings: readonly Finding[];
}

/**
 * A family that is unknown while a plugin is missing: it may be that plugin's.
 * @param isLoading whether plugins' code was loaded
 */
export function familiesMissing<Model>(
  against: AgainstModel<Model>,
  { findings, code }: CheckedPlugins,
  isLoading: boolean,
): AgainstModel<Model> {
  const isUnknown = ({ code }: Finding): boolean => code === "SKIPSTEP_PIPELINE_UNKNOWN";
  if (findings.length > 0) return { ...against, findings: against.findings.filter((finding) => !isUnknown(finding)) };
  if (isLoading || code.length === 0) return against;
  const told = (finding: Finding): Finding =>
    isUnknown(finding) ? { ...finding, text: `${finding.text} No code of the config's plugins was loaded.` } : finding;
  return { ...against, findings: against.findings.map(told) };
}

/** What plugins bring that cannot stand together leaves what is known without them. */
export function catalogued<Model extends ConfigModel>(
  plugins: readonly PlacedPlugin[],
  catalogueOf: (plugins: readonly PlacedPlugin[]) => ConfigCatalogue<Model>,
): { readonly catalogue: ConfigCatalogue<Model>; readonly problems: readonly Finding[] } {
  try {
    return { catalogue: catalogueOf(plugins), problems: [] };
  } catch (error) {
    return { catalogue: catalogueOf([]), problems: [toldAt(["plugins"], error)] };
  }
}

/** @param canCheck whether the values in `generate` are of the right types */
export async function checkAgainstModel<Model extends ConfigModel>(
  config: JsonObject,
  plugins: readonly PlacedPlugin[],
  catalogue: ConfigCatalogue<Model>,
  canCheck: boolean,
): Promise<AgainstModel<Model>> {
  const { schedulerSchemas, familiesWith } = catalogue;
  const choice = choiceOf(config);
  try {
    const model = choice && (await catalogue.recognise?.(choice));
    const own = checkScheduler(config.scheduler, schedulerSchemas, model?.ownScheduler);
    if (!model) return { findings: own };
    const features = checkFeatures(plugins, model.structure, familiesWith);
    const settings = canCheck ? model.settingProblems(config.generate as GenerateConfig, config as LimitChoice) : [];
    const findings = [
      ...own,
      ...(own.length === 0 ? misfits(model, config.scheduler) : []),
      ...features,
      ...checkComponents(config.plugins, model.pipeline),
      ...checkDeviceMap(config.device_map, model.pipeline),
      ...checkDtype(config, model.pipeline),
      ...settings.map(({ key, text }) => invalid(["generate", key], `${text}.`)),
    ];
    return { model, findings };
  } catch (error) {
    const told = toldAt(["model"], error);
    return { findings: [told, ...checkScheduler(config.scheduler, schedulerSchemas, undefined)] };
  }
}

/** @throws the error where it is none of ours */
function toldAt(at: JsonPath, error: unknown): Finding {
  if (!(error instanceof SkipstepError)) throw error;
  return findingOf(error.at ?? at, error);
}

/** What a config says of its checkpoint, where all of it is of the right types. */
function choiceOf({ model, variant, components }: JsonObject): ModelChoice | undefined {
  const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
  if (!isText(model) || (variant !== undefined && !isText(variant))) return undefined;
  if (components !== undefined && !(isObject(components) && Object.values(components).every(isText))) return undefined;
  return {
    model,
    ...(variant === undefined ? {} : { variant }),
    ...(components === undefined ? {} : { components: components as Readonly<Record<string, string>> }),
  };
}

/** A scheduler, the config's or the checkpoint's, that the checkpoint cannot be run with. */
function misfits(model: ConfigModel, scheduler: unknown): Finding[] {
  if (scheduler !== undefined && !isSchedulerConfig(scheduler)) return []; // told by core's schema
  try {
    model.checkFit(scheduler);
    return [];
  } catch (error) {
    return [toldAt([scheduler === undefined ? "model" : "scheduler"], error)];
  }
}

function isSchedulerConfig(value: unknown): value is SchedulerConfig {
  return isObject(value) && (value.type === undefined || typeof value.type === "string");
}
