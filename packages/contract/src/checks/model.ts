import { inspectConfig, validateConfig } from "@skipstep/core";
import type { CheckDefinition } from "../check";
import { ensure } from "../failure";
import { canBeBuilt } from "./manifest";

const fitsModel: CheckDefinition = {
  name: "fits the model: its regions exist and its build hooks work",
  after: [canBeBuilt],
  async run(tried) {
    const { plugins } = inspectConfig(await validateConfig(tried.config({ options: tried.mainOptions })));
    const { hooks, regions } = plugins[0]!;
    ensure(
      regions.length === 0 || hooks.includes("blockForward"),
      `The manifest asks for regions, and the plugin has no blockForward: the model is cut for nothing.`,
    );
    const names = regions.map(({ name }) => name);
    ensure(new Set(names).size === names.length, `Two regions have the same name: ${names.join(", ")}.`);
    return undefined;
  },
};

export const generates: CheckDefinition = {
  name: "generates an image",
  after: [fitsModel],
  async run(tried) {
    const { exact, active } = tried.options;
    for (const options of [exact, active]) {
      if (!options) continue;
      const { latents, report } = await tried.fresh({}, { options });
      ensure(
        latents.data.every(Number.isFinite),
        `With ${JSON.stringify(options)} the latents are not finite: ${report.warnings.join(" ")}`,
      );
    }
    return undefined;
  },
};

export const modelChecks = [fitsModel, generates] as const;
