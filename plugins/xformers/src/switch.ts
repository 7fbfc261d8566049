import type { Pipeline, PluginChange, PluginUse } from "@skipstep/core";
import type { BackendOption } from "./attention-backend";
import type { XformersOptions } from "./options";
import { Xformers } from "./xformers";

/**
 * Switches an open pipeline to this plugin, behind the plugins that it has, or gives it other options.
 * @param options those that are left out stay as they are
 * @param components as in a config: the denoiser alone when left out
 */
export async function enableMemoryEfficientAttention(
  pipeline: Pipeline,
  options: Partial<XformersOptions> = {},
  { components, ...change }: PluginChange & { readonly components?: readonly string[] } = {},
): Promise<void> {
  const uses: readonly PluginUse[] = pipeline.config.plugins;
  const at = placeIn(pipeline);
  const known = uses[at];
  const entry: PluginUse = {
    use: Xformers,
    ...known,
    options: { ...known?.options, ...options },
    ...(components ? { components } : {}),
  };
  await pipeline.setPlugins(known ? uses.with(at, entry) : [...uses, entry], change);
}

/** Takes it out again. */
export async function disableMemoryEfficientAttention(pipeline: Pipeline, change?: PluginChange): Promise<void> {
  const at = placeIn(pipeline);
  if (at < 0) return;
  await pipeline.setPlugins(
    pipeline.config.plugins.filter((_, i) => i !== at),
    change,
  );
}

/** One op for all attentions, or some by kind and component; `native` is core's own. */
export async function setAttentionBackend(
  pipeline: Pipeline,
  backend: BackendOption,
  change?: PluginChange,
): Promise<void> {
  await enableMemoryEfficientAttention(pipeline, { attention_backend: backend }, change);
}

/** Back to `op` for all. */
export async function resetAttentionBackend(pipeline: Pipeline, change?: PluginChange): Promise<void> {
  if (placeIn(pipeline) >= 0) await setAttentionBackend(pipeline, {}, change);
}

function placeIn(pipeline: Pipeline): number {
  return pipeline.plugins.findIndex(({ name }) => name === "xformers");
}
