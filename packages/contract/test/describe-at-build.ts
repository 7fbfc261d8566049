import type { PluginClass } from "@skipstep/core/plugin";
import { afterAll, describe, it } from "vitest";
import { type ContractOptions, contractChecks } from "../src/index";

/** What the contract says of one generation after another. */
const atRunTime = /(steps|batch|image|guidance) in between|before the next|guidance|at once|abort|more steps|around it/;

/** The contract of a plugin that has no hook at run time, without what is about these. */
export function describeAtBuild<Options>(plugin: PluginClass<Options>, options: ContractOptions<Options>): void {
  const { name, checks, close } = contractChecks(plugin, options);
  describe(`contract of ${name}`, () => {
    for (const check of checks.filter((check) => !atRunTime.test(check.name)))
      it(check.name, async ({ skip }) => {
        const reason = await check.run();
        if (reason !== undefined) skip(reason);
      });
    afterAll(close);
  });
}
