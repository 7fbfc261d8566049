import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectClose, expectWithin } from "@skipstep/contract/graph";
import { expect } from "vitest";
import { ioOf } from "../../../../test/golden-kinds/check-model";
import type { Generator, Schedule } from "../../src/model";
import { type Floats, floats, type Tensor } from "../../src/model";
import { ownCatalogue } from "../../src/start/catalogue";
import { readObject } from "../../src/weights/checkpoint/read-object";

/** Largest difference allowed, as a part of the expected tensor's largest value. */
const TOLERANCE = 1e-4;

/** What a case says of itself. */
interface About {
  readonly class_: string;
  readonly num_inference_steps: number;
  /** What diffusers was given beside: its spacings, and what are options here. */
  readonly set_timesteps: Omit<Schedule, "num_inference_steps"> & Readonly<Record<string, unknown>>;
  /** What diffusers takes in `step()`; options here. */
  readonly step: Readonly<Record<string, unknown>>;
  readonly init_noise_sigma: number;
}

/** Golden cases of schedulers, by the class in their `about.json`. */
export const schedulers: Readonly<Record<string, (folder: string) => Promise<void>>> = Object.fromEntries(
  Object.keys(ownCatalogue.schedulers.schemas).map((name) => [name, checkScheduler]),
);

/**
 * Follows a generation call by call: `in.model_output`, `in.noise`, `out.scaled` and `out.sample` have one row for each.
 * Every call starts from the reference's sample, and a second run from its own, so that neither hides the other's
 * mistakes.
 */
async function checkScheduler(folder: string): Promise<void> {
  const about = JSON.parse(readFileSync(join(folder, "about.json"), "utf8")) as About;
  const io = ioOf(folder);
  const { sigmas, timesteps, mu, ...asOptions } = about.set_timesteps;
  const config = { ...readObject(join(folder, "scheduler_config.json")), ...asOptions, ...about.step };
  const given = Object.fromEntries(
    Object.entries({ sigmas, timesteps, mu }).filter(([, value]) => value !== undefined),
  );
  const create = () =>
    ownCatalogue.schedulers.create(about.class_, config, { num_inference_steps: about.num_inference_steps, ...given });

  const scheduler = create();
  expectRow("timesteps", scheduler.timesteps, io.get("out.timesteps")!);
  if (io.has("out.sigmas")) expectRow("sigmas", scheduler.sigmas, io.get("out.sigmas")!);
  expect(Math.abs(scheduler.initNoiseSigma / about.init_noise_sigma - 1), "initNoiseSigma").toBeLessThan(TOLERANCE);

  const first = io.get("in.sample") as Floats;
  for (const [run, follows, tolerance] of [
    ["from the reference's samples", true, TOLERANCE],
    ["from its own samples", false, 10 * TOLERANCE], // rounding adds up
  ] as const) {
    const scheduler = create();
    let sample = first;
    for (const call of scheduler.timesteps.keys()) {
      const scaled = scheduler.scaleModelInput(sample, call);
      const generator = fixedNoise(io.get("in.noise"), call);
      const next = scheduler.step(row(io.get("in.model_output")!, call), call, sample, generator);
      const expected = row(io.get("out.sample")!, call);
      expectClose(`scaled input of call ${call} ${run}`, scaled, row(io.get("out.scaled")!, call), tolerance);
      expectClose(`sample after call ${call} ${run}`, next, expected, tolerance);
      sample = follows ? expected : next;
    }
  }
}

/** Gives the noise that the reference drew in this call. */
function fixedNoise(noise: Tensor | undefined, call: number): Generator | undefined {
  if (noise === undefined) return undefined;
  return {
    randn(n) {
      const drawn = row(noise, call).data;
      expect(n, "draws").toBe(drawn.length);
      return drawn;
    },
    rand() {
      throw new Error("schedulers draw normal noise");
    },
  };
}

/** `tensor[index]`. */
function row(tensor: Tensor, index: number): Floats {
  const shape = tensor.shape.slice(1);
  const size = shape.reduce((product, dim) => product * dim, 1);
  return floats(shape, (tensor.data as Float32Array).slice(index * size, (index + 1) * size));
}

/** Numbers that may all be 0, such as the only timestep of one step. */
function expectRow(name: string, found: Float32Array, expected: Tensor): void {
  const largest = (expected.data as Float32Array).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  expectWithin(name, floats([found.length], found), expected, TOLERANCE * largest);
}
