import { type CheckedConfig, ConfigError, type ConfigInput, type Override, validateConfig } from "@skipstep/core";
import type { AnyManifest } from "@skipstep/core/plugin";

/**
 * A config, also one that has the plugin and lacks nothing but what is to be found.
 * @throws ConfigError for all else that is wrong with it
 */
export async function loadForCalibration(
  input: string | ConfigInput,
  set: readonly (string | Override)[],
  manifest: AnyManifest,
): Promise<CheckedConfig> {
  try {
    return await validateConfig(input, { overrides: set });
  } catch (error) {
    const overrides = replaced(error, manifest);
    if (overrides.length === 0) throw error;
    try {
      return await validateConfig(input, { overrides: [...set, ...overrides] });
    } catch {
      throw error; // it was not this plugin that lacked them, or not all
    }
  }
}

/** The calibration's options in place of those that do not fit the model. */
function replaced(error: unknown, { calibration }: AnyManifest): Override[] {
  if (!(error instanceof ConfigError)) return [];
  const unfit = error.problems.filter(({ code }) => code === "SKIPSTEP_PLUGIN_OPTION");
  return unfit.flatMap(({ pointer }) => {
    const [, , index] = pointer.split("/");
    const options = Object.entries(calibration!.options);
    return options.map(([name, value]) => ({ path: ["plugins", index!, "options", name], value }));
  });
}
