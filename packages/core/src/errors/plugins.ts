import { messageOf, SkipstepError } from "./error";
import { list, nearest } from "./nearest";
import { cut } from "./shown";

/** A plugin threw in one of its hooks, or in its constructor. */
export function hookFailed(plugin: string, hook: string, cause: unknown): SkipstepError {
  return new SkipstepError("SKIPSTEP_HOOK_FAILED", `Plugin "${plugin}" failed in ${hook}: ${messageOf(cause)}`, {
    cause,
  });
}

/** A plugin ran the same thing twice in one arrival. @param place `region "rest"` */
export function nextTwice(plugin: string, place: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_NEXT_TWICE",
    `Plugin "${plugin}" called next() twice in ${place}. Call it once, or not at all to skip what lies inside.`,
  );
}

/** A plugin gave something else than its hook has to give. @param what `a prediction of "cond"` */
export function hookResult(plugin: string, hook: string, what: string, expected: string, found: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_HOOK_RESULT",
    `Plugin "${plugin}" gave ${found} in ${hook} as ${what}. Give ${expected}.`,
  );
}

/** A plugin asked for branches of guidance that are not there to be run. */
export function branchesUnknown(plugin: string, asked: string, offered: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_HOOK_RESULT",
    `Plugin "${plugin}" called next(${asked}) in guidance. Ask for one or more of: ${list(offered)}; call no next to run none.`,
  );
}

/** What is known where a plugin was looked for. */
export interface PluginSearch {
  /** The short form of what was asked for. */
  readonly name: string;
  /** The package that was asked for, where it was one by its whole name. */
  readonly full?: string;
  /** Short names of plugins that are there, and of those that Skipstep publishes. */
  readonly installed: readonly string[];
  readonly published: readonly string[];
}

/**
 * No package or file of that name is found from the config's folder. Nearly another name is a typing slip, and only what
 * is known to be published is worth adding: a package of a slip's name may be anybody's.
 */
export function pluginUnknown(use: string, search: PluginSearch): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_UNKNOWN",
    `No plugin is called "${use}". Installed: ${list(search.installed)}. ${pluginRemedy(search)}`,
  );
}

function pluginRemedy({ name, full, installed, published }: PluginSearch): string {
  const add = (short: string): string => `pnpm add @skipstep/plugin-${short}`;
  if (published.includes(name)) return `Add it with: ${add(name)}`;
  const here = nearest(name, installed);
  if (here !== undefined) return `Did you mean "${here}"?`;
  const near = nearest(name, published);
  if (near !== undefined) return `Did you mean "${near}"? Add that with: ${add(near)}`;
  if (full !== undefined) return `Add it with: pnpm add ${full}`;
  return `Skipstep has: ${list(published)}. Name one of somebody else's by its package, and install that.`;
}

/** A relative path that leads nowhere. */
export function pluginFileMissing(use: string, file: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_UNKNOWN",
    `No plugin is at "${use}": there is no file ${file}. Paths are relative to the config that names them.`,
  );
}

/** Text that is neither a package's name nor a path. */
export function pluginNameInvalid(use: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_REFUSED",
    `${JSON.stringify(cut(use, 120))} names no plugin: it is neither a package's name nor a path. Write a name such as @skipstep/plugin-fbcache, or a path that begins with "./".`,
  );
}

/** A module that lies among downloaded or computed data. @param kind of the folder: `a model` */
export function pluginInData(use: string, file: string, folder: string, kind: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_REFUSED",
    `Plugin "${use}" is not loaded: ${file} lies in ${folder}, which is ${kind}, and code is never taken from there. If you wrote it, move it out of that folder.`,
  );
}

/** A file whose ending says that it is no source. */
export function pluginNoSource(use: string, file: string, endings: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_REFUSED",
    `Plugin "${use}" is not loaded: ${file} is no source file by its name. It must end with: ${list(endings)}. Or give the folder of a package.`,
  );
}

/** A plugin that is linked against another copy of core than the one that runs. Both are paths. */
export function pluginOtherCopy(use: string, own: string, other: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_CORE_TWICE",
    `Plugin "${use}" works with another copy of @skipstep/core than this pipeline: ${other}, and this is ${own}. Make it one: install both with the same package manager in one project (pnpm dedupe), with core as a peer dependency of the plugin.`,
  );
}

/** A plugin wrote into what hooks may only read. @param name of the latents: `step.latents`, `input` */
export function latentsWritten(plugin: string, hook: string, name: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_LATENTS_WRITTEN",
    `Plugin "${plugin}" wrote into ${name} in ${hook}; they are read-only. Copy them first: ${name}.data.slice().`,
  );
}

/** The package is there, but gives no module to import. */
export function pluginWithoutEntry(use: string, problem: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_PLUGIN_BROKEN", `Plugin "${use}" cannot be imported: ${problem}.`);
}

/** The module threw while it was imported. */
export function pluginImportFailed(use: string, file: string, cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_BROKEN",
    `Plugin "${use}" cannot be imported: ${file} threw "${messageOf(cause)}". Fix or reinstall the plugin.`,
    { cause },
  );
}

/** The module exports no class with a manifest. */
export function pluginMissing(use: string, file: string, exported: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_BROKEN",
    `"${use}" is no plugin: no class that ${file} exports carries @plugin. It exports: ${list(exported)}.`,
  );
}

/** The module exports more than one plugin. */
export function pluginAmbiguous(use: string, file: string, exported: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_BROKEN",
    `"${use}" is ${exported.length} plugins at once: ${file} exports ${list(exported)}. Name a module that exports one of them.`,
  );
}

/** The package's peer range leaves out the running core. */
export function pluginForOtherCore(use: string, version: string, range: string, core: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_CORE",
    `Plugin "${use}" ${version} is built for @skipstep/core ${range}, and this is ${core}. Bring one to the other: pnpm add ${use}@latest, or pnpm add "@skipstep/core@${range}"`,
  );
}

/** Two plugins of one config that cannot stand together. */
export function pluginsConflict(first: string, second: string, reason: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_CONFLICT",
    `Plugins "${first}" and "${second}" ${reason}. Keep one of them.`,
  );
}

/** The same plugin stands in the config more than once. */
export function pluginTwice(name: string, first: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_CONFLICT",
    `Plugin "${name}" is used twice, first at /plugins/${first}. Keep one of them.`,
  );
}

/** The model lacks what a plugin needs. @param families that have it */
export function featureMissing(
  plugin: string,
  missing: readonly string[],
  model: string,
  features: readonly string[],
  families: readonly string[],
): SkipstepError {
  const fitting = families.length === 0 ? "" : ` Models that have it: ${families.join("; ")}.`;
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_REQUIRES",
    `Plugin "${plugin}" needs a model with: ${list(missing)}. ${model} has: ${list(features)}.${fitting} Remove the plugin or use another model.`,
  );
}

/** A generation's setting is another than a plugin's manifest asks for. @param problem `must be >= 4, found 2.` */
export function settingsUnmet(plugin: string, setting: string, problem: string): SkipstepError {
  const what = setting === "" ? "" : `${setting} `;
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_SETTINGS",
    `Plugin "${plugin}" does not work with these settings: ${what}${problem} Change the setting, or remove the plugin.`,
  );
}

/**
 * A model has all that a plugin's manifest asks for, and its method is not defined for it all the same. For plugins to
 * throw, in `regions`.
 *
 * @param reason in words: `the last block returns no text`
 */
export function modelUnfit(plugin: string, model: string, reason: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_REQUIRES",
    `Plugin "${plugin}" does not fit ${model}: ${reason}. Remove the plugin or use another model.`,
  );
}

/**
 * An option that its schema takes does not fit the model or the request. For plugins to throw, in `regions` or in a
 * hook: it is told as it is, and not as a fault of the plugin.
 *
 * @param problem `must be at most 7, the blocks of ..., found 8`
 * @param remedy a sentence: `Take fewer.`
 */
export function optionUnfit(plugin: string, option: string, problem: string, remedy: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_PLUGIN_OPTION", `${option} of plugin "${plugin}" ${problem}. ${remedy}`);
}

/** Whether a model does not suit a plugin, whatever its options. */
export function isModelUnfit(error: unknown): error is SkipstepError {
  return error instanceof SkipstepError && error.code === "SKIPSTEP_PLUGIN_REQUIRES";
}

/** Whether that was thrown, or an option that does not fit. */
export function isUnfit(error: unknown): error is SkipstepError {
  return isModelUnfit(error) || (error instanceof SkipstepError && error.code === "SKIPSTEP_PLUGIN_OPTION");
}

/** `skipstep quantize --to` names a plugin that writes nothing. */
export function quantizerMissing(plugin: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_QUANTIZER",
    `Plugin "${plugin}" writes no weights. Name one that does, such as gguf or svdquant.`,
  );
}

/** A class was passed as a plugin without `@plugin`. */
export function manifestMissing(className: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_MANIFEST",
    `Class ${className} is no plugin: it carries no manifest. Put @plugin({ name, description, options }) on it.`,
  );
}

/** A manifest that core cannot work with. */
export function manifestInvalid(className: string, problem: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_PLUGIN_MANIFEST", `The @plugin manifest of ${className} ${problem}.`);
}

/** A plugin's options schema is no JSON Schema, or has a typing slip. */
export function optionsSchemaInvalid(plugin: string, cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_MANIFEST",
    `The options schema of plugin "${plugin}" is wrong: ${messageOf(cause)}. Correct "options" in its manifest.`,
    { cause },
  );
}

/** A plugin has no method that core would ever call. */
export function hooksMissing(plugin: string, hooks: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_MANIFEST",
    `Plugin "${plugin}" has no hook. Give it at least one method of: ${list(hooks)}.`,
  );
}

/** A constructor parameter without `@inject`. */
export function injectMissing(className: string, position: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_INJECT",
    `Parameter ${position} of ${className}'s constructor has no @inject(...). Write @inject(PluginOptions) for the options.`,
  );
}

/** A constructor asks for a token that nothing is registered for. */
export function tokenUnknown(plugin: string, token: string, known: readonly string[]): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PLUGIN_INJECT",
    `Plugin "${plugin}" asks for @inject(${token}), which core does not offer. It offers: ${list(known)}.`,
  );
}
