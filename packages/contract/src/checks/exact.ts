import { type PluginReport, SkipstepError } from "@skipstep/core";
import type { CheckDefinition } from "../check";
import { ensure } from "../failure";
import { isEqual } from "../same-result";
import { latentDifference } from "../variation";
import { generates } from "./model";

const changesNothing: CheckDefinition = {
  name: "changes nothing with its exact options, bit by bit",
  after: [generates],
  needs: "exact",
  async run(tried) {
    const [plain, found] = [await tried.plain(), await tried.fresh({}, { options: tried.options.exact })];
    ensure(
      isEqual(plain, found),
      `With ${JSON.stringify(tried.options.exact)} the latents differ from those without the plugin by up to ` +
        `${latentDifference(plain, found)}.`,
    );
    return undefined;
  },
};

const admitsNoEffect: CheckDefinition = {
  name: "is reported as without effect then, which is an error with strict",
  after: [changesNothing],
  needs: "exact",
  async run(tried) {
    const options = tried.options.exact;
    const result = await tried.fresh({}, { options });
    const report = tried.reportOf(result);
    if (worksElsewhere(report)) return "with its exact options it works without changing numbers";
    ensure(
      !report.effect,
      `With ${JSON.stringify(options)} nothing changes, and the report says "${report.summary}". ` +
        "Return what next() returned, not a copy of it.",
    );
    ensure(
      result.report.warnings.some((line) => line.includes(`"${tried.name}"`)),
      `The report has no warning that names "${tried.name}".`,
    );
    const outcome = await tried.fresh({}, { options, strict: true }).catch((error: unknown) => error);
    ensure(
      outcome instanceof SkipstepError && outcome.code === "SKIPSTEP_PLUGIN_NO_EFFECT",
      `With "strict": true a plugin without effect must be an error, found ${String(outcome)}.`,
    );
    return undefined;
  },
};

export const exactChecks = [changesNothing, admitsNoEffect] as const;

/** Takes over weights or attentions exactly, or only watches. */
function worksElsewhere({ build, regions, effect }: PluginReport): boolean {
  return build.weights > 0 || build.attentions > 0 || (effect && regions.length === 0);
}
