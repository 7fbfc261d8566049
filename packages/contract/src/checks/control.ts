import type { GenerateConfig } from "@skipstep/core";
import type { CheckDefinition } from "../check";
import { ensure } from "../failure";
import type { PluginUnderTest, Setup } from "../plugin-under-test";
import { isEqual } from "../same-result";
import { latentDifference } from "../variation";
import { exactChecks } from "./exact";
import { generates } from "./model";
import { repeats } from "./sequence";

const noNets = "the model's family takes no ControlNets";

/** A generation that a ControlNet steers. */
async function steered(tried: PluginUnderTest): Promise<GenerateConfig> {
  return { control_image: await tried.picture() };
}

const passesControlOn: CheckDefinition = {
  name: "changes nothing with its exact options when a ControlNet steers the model",
  after: exactChecks,
  needs: "exact",
  async run(tried) {
    if (!(await tried.controlNet())) return noNets;
    const request = await steered(tried);
    const setup = (options: object | undefined): Setup => ({ options, controlled: true });
    const plain = await tried.fresh(request, setup(undefined));
    ensure(!isEqual(plain, await tried.plain()), "The suite's ControlNet changes nothing.");
    const found = await tried.fresh(request, setup(tried.options.exact));
    ensure(
      isEqual(plain, found),
      `With a ControlNet the latents differ from those without the plugin by up to ${latentDifference(plain, found)}. ` +
        "What it gives enters a region beside the streams, and is another at each step: pass on all inputs as they come.",
    );
    return undefined;
  },
};

const computesWhatControlChanges: CheckDefinition = {
  name: "computes the step at which a ControlNet ceases to steer, and the one at which it begins",
  after: [generates, repeats],
  needs: "active",
  async run(tried) {
    const net = await tried.controlNet();
    if (!net) return noNets;
    if (!net.hasInterval) return "the family's ControlNets steer all steps";
    const request = { ...(await steered(tried)), control_guidance_start: 0.26, control_guidance_end: 0.76 };
    const made = await tried.fresh(request, { options: tried.mainOptions, controlled: true });
    const { steps } = made.report.controlnets![0]!;
    const changes = [steps[0]!, steps.at(-1)! + 1];
    for (const { name, reused } of tried.reportOf(made).regions) {
      const wrong = changes.filter((step) => reused.includes(step));
      ensure(
        wrong.length === 0,
        `A ControlNet steers steps ${steps.join()}, and "${name}" was reused at step ${wrong.join()} from one that was ` +
          "steered otherwise. Such a step has a step.run of its own: keep state in a WeakMap by it.",
      );
    }
    return undefined;
  },
};

export const controlChecks = [passesControlOn, computesWhatControlChanges] as const;
