import { hookFailed } from "../errors/plugins";
import type { PluginHost } from "../plugins/host";

/** Lines for the report from plugins: settings that were for nothing. Asked once all models are built. */
export function buildWarnings({ plugins }: PluginHost): string[] {
  return plugins.flatMap(({ name, instance }) => {
    try {
      return (instance.buildWarnings?.() ?? []).map((line) => `${name}: ${line}`);
    } catch (error) {
      throw hookFailed(name, "buildWarnings", error);
    }
  });
}
