import type { CheckDefinition } from "../check";
import { ensureSame } from "../same-result";
import { watcher } from "../watcher";
import { repeats } from "./sequence";

const leavesOthersAlone: CheckDefinition = {
  name: "leaves the plugins around it alone",
  after: [repeats],
  async run(tried) {
    const found = await tried.fresh({}, { options: tried.mainOptions, outer: [watcher()] });
    ensureSame(tried, found, await tried.fresh(), "Inside another plugin's region");
    return undefined;
  },
};

export const neighbourChecks = [leavesOthersAlone] as const;
