import type { SchedulerConfig } from "../config/config";
import { schedulerUnfit } from "../errors/schedulers";
import type { RecognisedModel } from "../loop/recognised-model";
import { noiseDiffers, schedulerKeysIgnored } from "../report/warnings";
import { compatibleOptions, fileOptions } from "../schedulers/compatible-options";
import { levelsDiffer } from "../schedulers/levels-differ";
import type { Schedulers } from "../schedulers/registry";
import type { SchedulerChoice } from "../schedulers/scheduler-choice";
import type { JsonObject } from "../schema/json";
import type { Component } from "../weights/checkpoint/component";
import type { Note } from "../weights/checkpoint/note";

/** Of a recognised model, what its scheduler depends on. */
export type SchedulerSource = Pick<RecognisedModel, "checkpoint" | "schedulers"> & {
  readonly family: Pick<
    RecognisedModel["family"],
    "className" | "denoiser" | "schedulers" | "unfitSchedulers" | "schedulerDefaults" | "mendScheduler"
  >;
};

/**
 * The config's scheduler over the checkpoint's. Another class takes over those of the checkpoint's options that it
 * knows, as diffusers' `from_config` does: the noise that the model was trained on stays the same. What the class does
 * not know is left out; `schedulerNotes` tells.
 * @throws SKIPSTEP_COMPONENT_MISSING, SKIPSTEP_SCHEDULER_UNFIT, and what `schedulerOptions` throws
 */
export function chooseScheduler(
  { checkpoint, family, schedulers: known }: SchedulerSource,
  config: SchedulerConfig = {},
): SchedulerChoice {
  const { schedulers, unfitSchedulers, schedulerDefaults = {}, mendScheduler = (options) => options } = family;
  const own = checkpoint.component("scheduler");
  const { type: className = own.className, ...options } = config;
  const takenOptions = known.optionNames(className);
  const knownOf = (given: Readonly<JsonObject>): JsonObject => pick(given, (key) => takenOptions.includes(key));

  const takes = fileOptions(known, className);
  const inherited = pick(givenIn(own), (key) => takes.has(key));
  const defaults = knownOf(schedulerDefaults);
  const kept =
    className === own.className
      ? mendScheduler(known.options(className, { ...defaults, ...inherited }))
      : { ...defaults, ...knownOf(mendScheduler(inherited)) };
  const chosen = { className, options: known.options(className, { ...kept, ...options }) };
  const usable = schedulers && known.among(schedulers, unfitSchedulers);
  if (usable && !usable.includes(className)) throw schedulerUnfit(className, family.className, usable);
  return chosen;
}

/**
 * What the config's scheduler makes of the checkpoint: keys that neither it nor the checkpoint's knows, where the reference
 * would tell of them, and noise that the model's file says otherwise of.
 */
export function schedulerNotes(
  { checkpoint, family, schedulers }: SchedulerSource,
  config: SchedulerConfig = {},
): Note[] {
  const own = checkpoint.component("scheduler");
  const className = config.type ?? own.className;
  const model = checkpoint.components.get(family.denoiser);
  return [
    ...levelNotes(own, model, className, config),
    ...noiseNotes(own, model, config, className, fileOptions(schedulers, className)),
    ...keyNotes(own, className, schedulers),
  ];
}

/** EDM's levels come from no table of training: a scheduler that has such a table takes them for others. */
function levelNotes(
  own: Component,
  model: Component | undefined,
  className: string,
  { timestep_type }: SchedulerConfig,
): Note[] {
  const isEdm = (name: string): boolean => name.startsWith("EDM");
  const isTrained = isEdm(own.className) || model?.trainedOn?.edm !== undefined;
  if (!isTrained || isEdm(className) || timestep_type === "continuous") return [];
  return [{ kind: "warning", text: levelsDiffer(model?.source.path ?? own.source.config, className) }];
}

/** A file that says what it predicts, under a scheduler from elsewhere. What the config says itself is meant so. */
function noiseNotes(
  own: Component,
  model: Component | undefined,
  config: SchedulerConfig,
  className: string,
  takes: ReadonlySet<string>,
): Note[] {
  if (!model?.trainedOn) return [];
  const { predictionType, isZeroSnr } = model.trainedOn;
  const said = { prediction_type: predictionType, rescale_betas_zero_snr: isZeroSnr || undefined };
  const defaults = { prediction_type: "epsilon", rescale_betas_zero_snr: false };
  return Object.entries(said).flatMap(([key, value]): Note[] => {
    const given = takes.has(key) ? (own.config[key] ?? defaults[key as keyof typeof defaults]) : undefined;
    if (value === undefined || value === given || config[key] !== undefined) return [];
    return [
      { kind: "warning", text: noiseDiffers(model.source.hub ?? model.source.path, key, value, className, given) },
    ];
  });
}

function keyNotes(own: Component, className: string, schedulers: Schedulers): Note[] {
  const takes = fileOptions(schedulers, own.className);
  if (takes.size === 0) return []; // another class was chosen, and what is this one's cannot be told
  const harmless = new Set([
    ...takes,
    ...fileOptions(schedulers, className),
    ...compatibleOptions(schedulers, className),
  ]);
  const strange = Object.keys(givenIn(own)).filter((key) => !harmless.has(key));
  if (strange.length === 0) return [];
  return [{ kind: "warning", text: schedulerKeysIgnored(own.source.config, className, strange, [...takes]) }];
}

/** Its config without diffusers' notes, and without values that it notes as defaults. */
function givenIn({ config }: Component): JsonObject {
  const defaults = config._use_default_values;
  const isDefault = (key: string): boolean => Array.isArray(defaults) && defaults.includes(key);
  return pick(config, (key) => !key.startsWith("_") && !isDefault(key));
}

function pick(options: Readonly<JsonObject>, takes: (key: string) => boolean): JsonObject {
  return Object.fromEntries(Object.entries(options).filter(([key]) => takes(key)));
}
