import { type Plugin, plugin } from "@skipstep/core/plugin";
import { expect, it } from "vitest";
import { testFaults } from "./faults/failures";
import { manifestFaults } from "./faults/manifest-faults";
import { type SkipOptions, skipManifest } from "./skip-plugin";

testFaults(manifestFaults);

it("does not see a forgotten @inject, which core tells of where the class is defined", () => {
  class Forgetful implements Plugin {
    constructor(readonly options: SkipOptions) {}
    beforeStep(): void {}
  }
  expect(() => plugin<SkipOptions>(skipManifest)(Forgetful)).toThrow(/Parameter 1 .* has no @inject/);
});
