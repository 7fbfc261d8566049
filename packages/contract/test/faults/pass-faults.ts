import type { Floats, Generation, Plugin, Predictions } from "@skipstep/core/plugin";
import { pluginOf, type SkipOptions, skipping } from "../skip-plugin";
import type { Fault } from "./fault";

type Made = (options: SkipOptions) => Plugin;

/** A plugin around passes, which asks for no regions. */
const around = (make: Made, decides: unknown): Fault["plugin"] =>
  pluginOf(make, { decides, regions: undefined, requires: undefined });

/** What a plugin that takes predictions again does otherwise than the sound one. */
interface Variation {
  memoryOf?(generation: Generation): { known: Predictions };
  /** Whether a step takes what is known. */
  reuses?(index: number, every: number): boolean;
  /** What is known after a pass. */
  learn?(known: Predictions, predicted: Predictions): Predictions;
}

/** Computes at every n-th step, and takes each branch's last prediction at all others. */
function again({ memoryOf, reuses, learn }: Variation = {}): Made {
  return ({ every }) => {
    const memories = new WeakMap<Generation, { known: Predictions }>();
    const memoryFor = (generation: Generation): { known: Predictions } => {
      const memory = memories.get(generation) ?? { known: {} };
      memories.set(generation, memory);
      return memory;
    };
    return {
      async predict({ step, branches }, input, next) {
        const memory = (memoryOf ?? memoryFor)(step.run.generation);
        const isDue = (reuses ?? ((index) => index % every !== 0))(step.index, every);
        const fits = (branch: "cond" | "uncond"): boolean => memory.known[branch]?.shape.join() === input.shape.join();
        if (every > 1 && isDue && branches.every(fits)) return memory.known;
        const predicted = await next(input);
        memory.known = (learn ?? ((known, fresh) => ({ ...known, ...fresh })))(memory.known, predicted);
        return predicted;
      },
    };
  };
}

/** Guides at every n-th step. */
const guiding: Made = ({ every }) => ({
  guidance: ({ step }, branches, next) => next(step.index % every === 0 ? branches : ["cond"]),
});

const onTheInstance = (): NonNullable<Variation["memoryOf"]> => {
  const memory = { known: {} };
  return () => memory;
};

const options = {
  tolerance: 100, // random weights: predictions of two steps have little in common
  generate: { prompt: "a red heart", guidance_scale: 3, height: 32, width: 32, num_inference_steps: 4 },
};

export const passFaults: readonly Fault[] = [
  {
    name: "predictions that are kept by the plugin, not by the generation",
    plugin: around(
      (given) => again({ memoryOf: onTheInstance(), reuses: (i, every) => i % every !== 1 })(given),
      "predictions",
    ),
    options,
    fails: "gives the same for the same input, again and again",
    says: /In generation 2 of 5 .* step\.run/,
  },
  {
    name: "one branch's predictions for the other",
    plugin: around(
      again({
        learn: (_, predicted) => {
          const [last] = Object.values(predicted).slice(-1);
          return { cond: last!, uncond: last!, ...predicted };
        },
      }),
      "predictions",
    ),
    options,
    fails: "keeps separate guidance branches apart",
    says: /reach into the prompt's/,
  },
  {
    name: "guidance that is left out of one batch alone",
    plugin: around(
      (given) => ({
        guidance: (call, branches, next) =>
          call.step.run.branch === "batch" ? guiding(given).guidance!(call, branches, next) : next(branches),
      }),
      "guidance",
    ),
    options,
    fails: "does the same with guidance in one batch and separate, where it has a hand in passes",
    says: /in one batch it computed 0,2 and reused 1,3 in "guidance"/,
  },
  {
    name: "a difference of the generation before",
    plugin: around(({ every }) => {
      let last: Floats | undefined;
      return {
        async guidance({ step, combine }, branches, next) {
          if (step.index % every === 0) return next(branches);
          const { cond } = await next(["cond"]);
          const before = last?.shape.join() === cond!.shape.join() ? last! : cond!;
          if (step.index === step.count - 1) last = cond;
          return combine(cond!, before);
        },
      };
    }, "guidance"),
    options,
    fails: "gives the same for the same input, again and again",
    says: /In generation 2 of 5/,
  },
  {
    name: "predictions that it takes again, and a manifest that speaks of blocks",
    plugin: around(again(), true),
    options,
    fails: "says in its manifest what it decides: which blocks run, guidance, predictions",
    says: /It skips predictions: set "decides": "predictions"/,
  },
  {
    name: "numbers written into what the model sees",
    plugin: around(
      () => ({
        predict(_call, input, next) {
          input.data.fill(0, 0, 1);
          return next(input);
        },
      }),
      "predictions",
    ),
    options,
    fails: "generates an image",
    says: /wrote into input in predict/,
  },
  {
    name: "latents that remember the generation before",
    plugin: pluginOf((given) => {
      let generations = 0;
      return {
        blockForward: skipping(given),
        afterStep(step, latents) {
          if (given.every === 1 || step.index < step.count - 1) return undefined;
          generations++;
          return { ...latents, data: latents.data.map((x) => x + generations) };
        },
      };
    }),
    options,
    fails: "gives the same for the same input, again and again",
    says: /In generation 2 of 5/,
  },
];
