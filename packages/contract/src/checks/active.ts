import type { GenerateResult, PluginReport } from "@skipstep/core";
import { decisionsOf } from "@skipstep/core/plugin";
import type { CheckDefinition } from "../check";
import { ensure } from "../failure";
import type { PluginUnderTest } from "../plugin-under-test";
import { latentDifference } from "../variation";
import { generates } from "./model";

const savesWork: CheckDefinition = {
  name: "saves work with its active options, and the report says so",
  after: [generates],
  needs: "active",
  async run(tried) {
    const report = tried.reportOf(await active(tried));
    ensure(
      reusedSteps(report) > 0 || storesLess(report) || report.build.attentions > 0 || keepsFewer(report),
      `With ${JSON.stringify(tried.options.active)} no region is skipped, no weight is stored in fewer bytes, no token ` +
        `is merged and no attention is taken over: "${report.summary}". If the options look right, see that each constructor parameter ` +
        "has its @inject: a default value hides that it is missing.",
    );
    ensure(report.effect && report.summary !== "", `The report says that it had no effect: "${report.summary}".`);
    return undefined;
  },
};

const staysWithin: CheckDefinition = {
  name: "stays within its tolerance",
  after: [savesWork],
  needs: "active",
  async run(tried) {
    const difference = latentDifference(await tried.plain(), await active(tried));
    const { tolerance } = tried.options as { readonly tolerance: number };
    ensure(
      difference <= tolerance,
      `With ${JSON.stringify(tried.options.active)} the latents differ from those without the plugin by up to ` +
        `${difference}; its contract allows ${tolerance}.`,
    );
    return undefined;
  },
};

const isSeen: CheckDefinition = {
  name: "is seen in the latents when it says that something is lost",
  after: [savesWork],
  needs: "active",
  async run(tried) {
    const result = await active(tried);
    const report = tried.reportOf(result);
    if ((tried.options as { readonly tolerance: number }).tolerance === 0)
      return "its contract says that nothing is lost";
    if (reusedSteps(report) === 0 && !storesLess(report) && !keepsFewer(report))
      return "another form of attention may give the same numbers";
    ensure(
      latentDifference(await tried.plain(), result) > 0,
      `The report says "${report.summary}", and the latents are those without the plugin. ` +
        "Either it does more than it needs to, or nothing is lost: then say tolerance 0.",
    );
    return undefined;
  },
};

const saysThatItDecides: CheckDefinition = {
  name: "says in its manifest what it decides: which blocks run, guidance, predictions",
  after: [savesWork],
  needs: "active",
  async run(tried) {
    const { conflicts = [] } = tried.manifest!;
    if (conflicts.length > 0) return "its manifest names what it cannot stand beside";
    const said = decisionsOf(tried.manifest!);
    const { regions } = tried.reportOf(await active(tried));
    for (const { name, from, reused } of regions) {
      const row = from === "" && (name === "guidance" || name === "predictions") ? name : "blocks";
      ensure(
        reused.length === 0 || said.includes(row),
        `It skips ${skips[row]}: set "decides": ${row === "blocks" ? "true" : JSON.stringify(row)} in the manifest, ` +
          'or name in "conflicts" what it cannot stand beside.',
      );
    }
    return undefined;
  },
};

const skips = { blocks: "regions", guidance: "branches of guidance", predictions: "predictions" } as const;

export const activeChecks = [savesWork, staysWithin, isSeen, saysThatItDecides] as const;

function active(tried: PluginUnderTest): Promise<GenerateResult> {
  return tried.fresh({}, { options: tried.options.active });
}

function reusedSteps({ regions }: PluginReport): number {
  return regions.reduce((sum, { reused }) => sum + reused.length, 0);
}

function storesLess({ build: { storedBytes, floatBytes } }: PluginReport): boolean {
  return storedBytes < floatBytes;
}

function keepsFewer({ tokens = [] }: PluginReport): boolean {
  return tokens.some(({ tokens: all, kept }) => kept < all);
}
