import { hookKinds } from "../hooks";
import type { BuildReceipt } from "./build-hooks";
import type { LoadedPlugin, PluginHost } from "./host";

/** Hooks that are asked while graphs are built; all others are called while the model runs. */
const buildTime: readonly string[] = ["weightLoad", "attention", "tokens", "graphBuilt"];

/**
 * Plugins that are done once the graphs are built, and have taken over and changed nothing in them. Not those that are
 * to see more than the denoiser: a part that is built later may be what they are for.
 *
 * @param brought what their manifests brought that is in use
 */
export function idleBuilders(
  { plugins }: PluginHost,
  receipts: readonly BuildReceipt[],
  brought: ReadonlyMap<string, readonly string[]>,
): string[] {
  return plugins
    .filter((plugin, i) => {
      const { weights, attentions, changes } = receipts[i]!;
      const isIdle = weights + attentions + Object.keys(changes).length === 0;
      return isIdle && onlyBuilds(plugin) && (brought.get(plugin.name) ?? []).length === 0;
    })
    .map(({ name }) => name);
}

function onlyBuilds({ instance, components }: LoadedPlugin): boolean {
  const hooks = Object.keys(hookKinds).filter((hook) => typeof instance[hook as keyof typeof hookKinds] === "function");
  return components === undefined && hooks.every((hook) => buildTime.includes(hook));
}
