import { describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../../test/run-folder";
import { contractChecks } from "../../src/index";
import type { Fault } from "./fault";

/** Of the checks that must hold all the same, each fault tries every fourth, the next fault the ones after those. */
const share = process.env.SKIPSTEP_FAULTS === "whole" ? 1 : 4;

/** One test a fault: the check that it breaks fails, and no other does. */
export function testFaults(faults: readonly Fault[]): void {
  describe("a plugin with", () => {
    it.each(faults.map((fault, at) => ({ ...fault, at })))("$name fails in one check", async (fault) => {
      expect(await failures(fault, fault.at)).toEqual({ [fault.fails]: expect.stringMatching(fault.says) });
    });
  });
}

/** Names and messages of the checks that fail. Those with ControlNets open models of their own: they run for their faults. */
async function failures({ plugin, options, fails }: Fault, at: number): Promise<Record<string, string>> {
  const usual = { exact: { every: 1 }, active: { every: 2 }, tolerance: 0.1, cacheDir };
  const { checks, close } = contractChecks(plugin, { ...usual, ...options } as typeof usual);
  const found: Record<string, string> = {};
  const tried = checks.filter(
    ({ name }, i) => name === fails || ((i + at) % share === 0 && !name.includes("ControlNet")),
  );
  for (const { name, run } of tried)
    await run().catch((error: Error) => {
      found[name] = error.message;
    });
  await close();
  return found;
}
