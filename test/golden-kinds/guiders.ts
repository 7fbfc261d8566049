import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectClose, expectSame, madeRun, madeStep, readSafetensors } from "@skipstep/contract/graph";
import { type Floats, floats, rows } from "@skipstep/core/model";
import type { GuidanceBranch, Guided } from "@skipstep/core/plugin";
import { Guidance, type GuidanceOptions } from "@skipstep/plugin-guidance";
import { expect } from "vitest";
import { optionDefaults } from "./option-defaults";

/** What a guider of diffusers was made of, and what it asked for at each step. */
interface About {
  readonly class_: GuidanceOptions["guider"];
  readonly config: Readonly<Record<string, unknown>>;
  readonly num_inference_steps: number;
  readonly steps: readonly { readonly num_conditions: number }[];
}

/** A guider's steps, one after the other: `in.pred_cond` and `in.pred_uncond` `[steps, B, ...]` give `out.pred`. */
export async function checkGuider(folder: string): Promise<void> {
  const about: About = JSON.parse(readFileSync(join(folder, "about.json"), "utf8"));
  const io = readSafetensors(join(folder, "io.safetensors"));
  const { upcast_to_double: _, ...config } = about.config; // always done here
  const options = { ...optionDefaults(Guidance), ...config, guider: about.class_ } as GuidanceOptions;
  const plugin = new Guidance(options);
  const run = madeRun(about.num_inference_steps);
  for (const [index, { num_conditions }] of about.steps.entries()) {
    const [cond, uncond, expected] = ["in.pred_cond", "in.pred_uncond", "out.pred"].map((name) =>
      stepOf(io.get(name) as Floats, index),
    ) as [Floats, Floats, Floats];
    let asked: readonly GuidanceBranch[] = [];
    const combine = (): Guided => ({ prediction: cond, cond, uncond }); // no case goes by the generation's scale
    const call = {
      step: madeStep(run, index, { guidanceScale: 3 }),
      base: "uncond",
      shape: cond.shape,
      combine,
      record: () => undefined,
    } as const;
    const { prediction } = await plugin.guidance(call, ["cond", "uncond"], async (branches) => {
      asked = branches;
      return branches.length === 2 ? combine() : { prediction: cond, cond };
    });
    // Where the reference throws both predictions away, none is asked for here.
    const isZero = expected.data.every((x) => x === 0);
    expect(asked.length, `predictions of step ${index}`).toBe(isZero ? 0 : num_conditions);
    if (isZero) expectSame(`step ${index}`, prediction.data, expected.data);
    else expectClose(`step ${index}`, prediction, expected, 1e-5);
  }
}

/** @param tensor `[steps, B, ...]` @returns `[B, ...]` */
function stepOf(tensor: Floats, index: number): Floats {
  return floats(tensor.shape.slice(1), rows(tensor, index, index + 1).data.slice());
}
