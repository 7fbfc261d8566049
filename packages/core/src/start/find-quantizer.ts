import { configInvalid } from "../errors/config";
import { optionsSchemaInvalid, quantizerMissing } from "../errors/plugins";
import { findPlugin } from "../plugins/discover";
import type { AnyQuantizer } from "../plugins/quantizer";
import { closedSchema } from "../schema/derived-schema";
import type { JsonObject } from "../schema/json";
import { toPointer } from "../schema/json";
import { validate } from "../schema/validate";

/** A plugin's quantizer, ready to be run. */
export interface FoundQuantizer {
  /** The plugin's name. */
  readonly name: string;
  readonly version: string;
  readonly quantizer: AnyQuantizer;
  /** Checked, defaults filled in, frozen. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * The quantizer of a plugin, with its options.
 *
 * @param use package name, short name (`gguf`) or path of the plugin
 * @param given options as they were said; those that are `undefined` are left out
 * @param folder where the plugin is looked for
 * @throws SKIPSTEP_PLUGIN_UNKNOWN and what else `findPlugin` throws, SKIPSTEP_PLUGIN_QUANTIZER, ConfigError
 */
export async function findQuantizer(
  use: string,
  given: Readonly<Record<string, unknown>>,
  folder: string,
): Promise<FoundQuantizer> {
  const { manifest, version } = await findPlugin(use, folder);
  const { name, quantizer } = manifest;
  if (!quantizer) throw quantizerMissing(name);
  const options: JsonObject = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const findings = check(name, () => validate(closedSchema(quantizer.options), options, [], true));
  if (findings.length > 0)
    throw configInvalid(
      findings.map(({ code, path, text }) => {
        const pointer = toPointer(path);
        return { code, pointer, message: `--to ${use}${pointer === "" ? "" : ` ${pointer}`}${text}` };
      }),
    );
  return { name, version, quantizer, options: Object.freeze(options) };
}

function check<Result>(plugin: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw optionsSchemaInvalid(plugin, error);
  }
}
