import type { PluginClass } from "@skipstep/core/plugin";
import { afterAll, describe, it } from "vitest";
import { contractChecks } from "./contract-checks";
import type { ContractOptions } from "./contract-options";

/** The first check compiles the model; later ones open it from the cache. */
const timeout = 120_000;

/** Registers the contract of a plugin with vitest: one test a statement. */
export function describePlugin<Options>(plugin: PluginClass<Options>, options: ContractOptions<Options>): void {
  const { name, checks, close } = contractChecks(plugin, options);
  describe(`contract of ${name}`, () => {
    for (const check of checks) {
      it(
        check.name,
        async ({ skip }) => {
          const reason = await check.run();
          if (reason !== undefined) skip(reason);
        },
        timeout,
      );
    }
    afterAll(close);
  });
}
