import { type CheckedConfig, installedPlugins, SkipstepError, validateConfig } from "@skipstep/core";

/**
 * Installed plugins that fit a config's model and have options to tune: `fbcache (threshold)`.
 * @param from where they are found from
 */
export async function tunablePlugins(from: string, { config }: CheckedConfig): Promise<string[]> {
  const found: string[] = [];
  for (const { folder } of installedPlugins(from)) {
    const options = await tunableOptions({ ...config, plugins: [{ use: folder }] });
    if (options) found.push(options);
  }
  return found;
}

async function tunableOptions(config: Parameters<typeof validateConfig>[0]): Promise<string | undefined> {
  try {
    const [plugin] = (await validateConfig(config)).plugins.plugins;
    const options = Object.keys(plugin!.manifest.tunes ?? {});
    return options.length === 0 ? undefined : `${plugin!.name} (${options.join(", ")})`;
  } catch (error) {
    if (error instanceof SkipstepError) return undefined; // not for this model, or not without more options
    throw error;
  }
}
