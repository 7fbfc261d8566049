import type { PluginHost } from "../plugins/host";
import type { SchedulerChoice } from "../schedulers/scheduler-choice";
import type { RecognisedModel } from "./recognised-model";

/** What of each plugin's families and schedulers a pipeline is made with: `runs a DDPMPipeline`. */
export function broughtBy(
  { plugins }: PluginHost,
  { family }: RecognisedModel,
  scheduler: SchedulerChoice,
): Map<string, readonly string[]> {
  const lines = plugins.map(({ name, manifest: { families = [], schedulers = [] } }): [string, string[]] => [
    name,
    [
      ...(families.includes(family) ? [`runs a ${family.className}`] : []),
      ...schedulers
        .filter(({ className }) => className === scheduler.className)
        .map(({ className }) => `steps by ${className}`),
    ],
  ]);
  return new Map(lines);
}
