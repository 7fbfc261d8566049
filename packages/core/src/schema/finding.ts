import type { ConfigProblem } from "../errors/config";
import type { SkipstepError } from "../errors/error";
import { type JsonObject, type JsonPath, toPointer } from "./json";
import { type Layer, ownerOf, placeIn } from "./layer";

/** A mistake before it is known which file it stands in. */
export interface Finding {
  readonly code: `SKIPSTEP_${string}`;
  readonly path: JsonPath;
  /** Follows the pointer: ` must be >= 0, found -1.`, `: No plugin is called "fbcash". ...` */
  readonly text: string;
  /** The key that is wrong, where it is not `path` itself. */
  readonly at?: JsonPath;
  /** Where it stands, when that is not where the value at `at` comes from. */
  readonly where?: Where;
  readonly cause?: unknown;
}

export interface Where {
  /** `configs/emoji.json#/extends`, `--set seed` */
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

export function invalid(path: JsonPath, text: string, at: JsonPath = path): Finding {
  return { code: "SKIPSTEP_CONFIG_INVALID", path, text: ` ${text}`, at };
}

/** An error that belongs to one place of the config. */
export function findingOf(path: JsonPath, error: SkipstepError): Finding {
  return {
    code: error.code,
    path,
    text: `: ${error.message}`,
    ...(error.cause === undefined ? {} : { cause: error.cause }),
  };
}

/**
 * Names the file, or the override, in which each mistake stands.
 * @param config the layers merged
 */
export function locate(findings: readonly Finding[], layers: readonly Layer[], config: JsonObject): ConfigProblem[] {
  return findings.map(({ code, path, text, at = path, where, cause }) => {
    const { name, ...place } = where ?? whereIs(ownerOf(layers, config, at), path, at);
    return {
      code,
      pointer: toPointer(path),
      message: `${name}${text}`,
      ...place,
      ...(cause === undefined ? {} : { cause }),
    };
  });
}

/** @param at what is pointed to, where it is more than what is named */
export function whereIs(layer: Layer, path: JsonPath, at: JsonPath = path): Where {
  const place = placeIn(layer, at);
  return { name: layer.nameOf(path), ...(place ? { file: layer.nameOf([]), ...place } : {}) };
}
