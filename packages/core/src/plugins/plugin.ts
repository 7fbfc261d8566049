import "reflect-metadata";
import { injectable } from "tsyringe";
import { list } from "../errors/nearest";
import { injectMissing, manifestInvalid } from "../errors/plugins";
import { shown } from "../errors/shown";
import type { Hooks } from "../hooks";
import { markCopy } from "./core-copy";
import { decisions } from "./decisions";
import type { Manifest } from "./manifest";

export { inject } from "tsyringe";

/** Token of a plugin's own options, checked, with all defaults filled in: `@inject(PluginOptions)`. */
export const PluginOptions: symbol = Symbol.for("skipstep.PluginOptions");

/** Token of the denoiser's `Structure`, as the manifest's `regions` is given it: `@inject(ModelStructure)`. */
export const ModelStructure: symbol = Symbol.for("skipstep.ModelStructure");

/** What a plugin class implements: the hooks it needs, at least one. */
export interface Plugin extends Partial<Hooks> {
  /** Asked once all models are built. Lines for the report's warnings: settings that were for nothing. */
  buildWarnings?(): readonly string[];
}

/** A class with `@plugin`. The options come first, other injected things after them. */
export type PluginClass<Options = never> = new (options: Options, ...injected: never[]) => Plugin;

/** Options of a plugin, by their names in JSON. */
export type PluginOptionValues = Readonly<Record<string, unknown>>;

/** A manifest whose options type is not known any more. */
export type AnyManifest = Manifest<PluginOptionValues>;

const manifestKey = Symbol.for("skipstep.manifest");

/** Where tsyringe keeps what `@inject` says, by the parameter's position. */
const injectKey = "injectionTokens";

/**
 * Makes a class a plugin. The options type ties together the manifest's schema and the constructor, so that a wrong
 * type in either, or in a hook, does not compile. Every constructor parameter needs its `@inject(...)`.
 *
 * @throws SKIPSTEP_PLUGIN_MANIFEST, SKIPSTEP_PLUGIN_INJECT where the class is defined
 */
export function plugin<Options>(manifest: Manifest<Options>): (target: PluginClass<Options>) => void {
  return (target) => {
    checkManifest(target.name, manifest);
    const tokens = injectedTokens(target);
    for (let i = 0; i < target.length; i++) if (!(i in tokens)) throw injectMissing(target.name, i + 1);
    injectable()(target);
    Reflect.defineMetadata(manifestKey, manifest, target);
    markCopy(target);
  };
}

/** The manifest of a class with `@plugin`, from whichever copy of core; `undefined` for anything else. */
export function manifestOf(target: unknown): AnyManifest | undefined {
  return typeof target === "function"
    ? (Reflect.getOwnMetadata(manifestKey, target) as AnyManifest | undefined)
    : undefined;
}

/** What a class asks for, by the constructor parameter's position, as tsyringe notes it down. */
export interface InjectedToken {
  readonly token: unknown;
  readonly isOptional?: boolean;
}

export function injectedTokens(target: PluginClass): Readonly<Record<number, InjectedToken>> {
  return (Reflect.getOwnMetadata(injectKey, target) as Record<number, InjectedToken> | undefined) ?? {};
}

/** For authors without a type checker. */
function checkManifest(
  className: string,
  { name, description, options, tunes, decides }: { [Key in keyof AnyManifest]?: unknown },
): void {
  if (typeof name !== "string" || !/^[a-z0-9][a-z0-9._-]*$/.test(name)) {
    throw manifestInvalid(className, `needs a "name" of small letters, digits and "-", found ${shown(name)}`);
  }
  if (typeof description !== "string" || description === "") {
    throw manifestInvalid(className, 'needs a "description": the method in one sentence');
  }
  if ((options as { type?: unknown } | undefined)?.type !== "object") {
    throw manifestInvalid(className, 'needs "options": a JSON Schema with "type": "object"');
  }
  const { properties = {} } = options as { properties?: object };
  const known: readonly unknown[] = [true, false, undefined, ...Object.keys(decisions)];
  if (![decides].flat().every((each) => known.includes(each)))
    throw manifestInvalid(
      className,
      `"decides" must be true or of ${list(Object.keys(decisions))}, found ${shown(decides)}`,
    );
  const unknown = Object.keys(tunes ?? {}).find((option) => !Object.hasOwn(properties, option));
  if (unknown !== undefined) throw manifestInvalid(className, `tunes "${unknown}", which is none of its options`);
}
