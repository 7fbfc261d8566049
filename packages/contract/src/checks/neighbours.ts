import type { CheckDefinition } from "../check";
import { ensure } from "../failure";
import { ensureSame } from "../same-result";
import { watcher } from "../watcher";
import { repeats } from "./sequence";

const leavesOthersAlone: CheckDefinition = {
  name: "leaves the latents and the plugins around it alone",
  after: [repeats],
  async run(tried) {
    const changed = new Set<string>();
    const setup = { options: tried.mainOptions, outer: [watcher({ changed: (hook) => changed.add(hook) })] };
    const found = await tried.fresh({}, setup);
    ensure(changed.size === 0, `It writes into step.latents in ${[...changed].join(" and ")}; they are read-only.`);
    ensureSame(tried, found, await tried.fresh(), "Inside another plugin's region");
    return undefined;
  },
};

export const neighbourChecks = [leavesOthersAlone] as const;
