import { join } from "node:path";
import type { Plugin, Run, Step } from "@skipstep/core/plugin";
import { type Memory, pluginOf, type SkipOptions, skipping, type Variation } from "../skip-plugin";
import type { Fault } from "./fault";

/** Whose ControlNets steer a part of the steps. */
const flux = join(import.meta.dirname, "../../../../test/golden/pipelines/flux");

/** A plugin whose skipping depends on what it remembers of steps. */
function remembering(make: () => { beforeStep?(step: Step): void } & Variation): Fault["plugin"] {
  return pluginOf((options: SkipOptions): Plugin => {
    const { beforeStep = () => undefined, ...variation } = make();
    return { beforeStep, blockForward: skipping(options, variation) };
  });
}

/** Skips only where a setting is the one that the plugin saw first. */
function firstOnly(settingOf: (step: Step) => number): Fault["plugin"] {
  return remembering(() => {
    let first: number | undefined;
    return {
      skips: ({ step }) => {
        first ??= settingOf(step);
        return settingOf(step) === first;
      },
    };
  });
}

/** The plugin, of all in the process, whose step began last. */
const latest = { owner: Symbol() };

export const stateFaults: readonly Fault[] = [
  {
    name: "a counter that goes on",
    plugin: remembering(() => {
      let calls = 0;
      return { skips: () => calls++ % 3 !== 0 };
    }),
    fails: "gives the same for the same input, again and again",
    says: /In generation 2 of 5 with the same input, the result is not that of a new pipeline.* WeakMap by step\.run/,
  },
  {
    name: "chance",
    // At step 1 for certain: of four chances all fail in a sixteenth of the runs, which would save no work.
    plugin: remembering(() => ({ skips: ({ step }) => step.index === 1 || Math.random() < 0.5 })),
    fails: "gives the same for the same input, again and again",
    says: /with the same input/,
  },
  {
    name: "a decision by all images of a batch, and a promise that there is none",
    plugin: pluginOf(
      (options) => ({ blockForward: skipping(options, { skips: ({ step }) => step.latents.shape[0] === 1 }) }),
      { batchInvariant: true },
    ),
    fails: "draws each image of a batch as it would alone, where it says so",
    says: /Request 1 of two in one batch: the plugin .*batchInvariant/,
  },
  {
    name: "state shared between runs of equal input",
    plugin: remembering(() => {
      const seen = new Set<number>();
      return {
        skips: ({ step }) => {
          const isNew = !seen.has(step.latents.data[0]!);
          seen.add(step.latents.data[0]!);
          return isNew;
        },
      };
    }),
    fails: "gives the same for the same input, again and again",
    says: /in a new pipeline it computed 0,2,4,6 and reused 1,3,5,7/,
  },
  {
    name: "the first input kept in mind",
    plugin: remembering(() => {
      let [first, now]: number[] = [];
      return {
        beforeStep: ({ index, latents }) => {
          if (index === 0) now = latents.data[0]!;
          first ??= now;
        },
        skips: () => now === first,
      };
    }),
    fails: "forgets one input before the next",
    says: /With another prompt and seed after a usual generation/,
  },
  {
    name: "the first number of steps kept in mind",
    plugin: firstOnly(({ count }) => count),
    fails: "takes another number of steps in between",
    says: /With more steps after a usual generation/,
  },
  {
    name: "the first batch kept in mind",
    plugin: firstOnly(({ latents }) => latents.shape[0]!),
    fails: "takes a batch in between",
    says: /With three images after/,
  },
  {
    name: "the first width kept in mind",
    plugin: firstOnly(({ latents }) => latents.shape[3]!),
    fails: "takes another resolution in between",
    says: /With twice the width after/,
  },
  {
    name: "the noise that the first generation began with kept in mind",
    plugin: remembering(() => {
      let [first, now]: number[] = [];
      return {
        beforeStep: ({ index, sigma, run }) => {
          if (index === 0 && run.branch === "batch") now = sigma;
          first ??= now;
        },
        skips: () => now === first,
      };
    }),
    fails: "begins with an image in between",
    says: /With an image to begin with after a usual generation/,
  },
  {
    name: "the first kind of guidance kept in mind",
    plugin: firstOnly(({ run }) => ["batch", "cond", "uncond"].indexOf(run.branch) % 2),
    fails: "goes without guidance in between",
    says: /With no guidance after a usual generation/,
  },
  {
    name: "the first input kept in mind where guidance is separate",
    plugin: remembering(() => {
      let [first, now]: number[] = [];
      return {
        beforeStep: ({ index, latents, run }) => {
          if (index > 0 || run.branch !== "uncond") return;
          now = latents.data[0]!;
          first ??= now;
        },
        skips: ({ step }) => step.run.branch !== "uncond" || now === first,
      };
    }),
    fails: "forgets one input before the next with separate guidance, too",
    says: /With separate guidance and another prompt and seed after/,
  },
  {
    name: "one memory for all guidance branches",
    plugin: remembering(() => {
      const memory: Memory = {};
      return { memory: () => memory };
    }),
    fails: "keeps separate guidance branches apart",
    says: /the negative prompt's steps reach into the prompt's/,
  },
  {
    name: "memory made at step 0 only",
    plugin: remembering(() => {
      const runs = new WeakMap<Run, Memory>();
      return {
        memory: ({ step }) => {
          if (step.index === 0) runs.set(step.run, {});
          return runs.get(step.run)!;
        },
      };
    }),
    fails: "begins anew when guidance ends in the middle",
    says: /"skip" failed in blockForward: Cannot read properties of undefined/,
  },
  {
    name: "memory by branch on the plugin",
    plugin: remembering(() => {
      const branches = new Map<Run["branch"], Memory>();
      return {
        memory: ({ step: { run, index } }) => {
          if (index === 0 && run.branch === "batch") branches.clear();
          const memory = (index > 0 && branches.get(run.branch)) || {};
          branches.set(run.branch, memory);
          return memory;
        },
      };
    }),
    fails: "keeps two generations of one pipeline apart that run at once",
    says: /another generation/,
  },
  {
    name: "memory that goes on from step to step of a branch",
    plugin: remembering(() => {
      const branches = new Map<string, { memory: Memory; last: number }>();
      return {
        memory: ({ step: { run, index, prompts } }) => {
          const branch = `${run.branch} of ${prompts}`; // of another generation at the same time it knows
          const known = branches.get(branch);
          const memory = known && index === known.last + 1 ? known.memory : {};
          branches.set(branch, { memory, last: index });
          return memory;
        },
      };
    }),
    options: {
      model: flux,
      generate: { prompt: "a red heart", height: 64, width: 64, max_sequence_length: 32 },
      tolerance: 1, // the model is no trained one
    },
    fails: "computes the step at which a ControlNet ceases to steer, and the one at which it begins",
    says: /was reused at step \d.* from one that was steered otherwise/,
  },
  {
    name: "state in the module",
    plugin: remembering(() => {
      const own = Symbol();
      let isAlone = true;
      return {
        beforeStep: () => {
          isAlone = latest.owner === own;
          latest.owner = own;
        },
        skips: () => isAlone,
      };
    }),
    fails: "keeps two pipelines apart that run at once",
    says: /While another pipeline runs/,
  },
  {
    name: "a count of generations that an abort breaks",
    plugin: remembering(() => {
      let running = 0;
      return {
        beforeStep: ({ run, index, count }) => {
          if (run.branch === "uncond") return;
          if (index === 0) running++;
          if (index === count - 1) running--;
        },
        skips: () => running <= 2,
      };
    }),
    fails: "is as new after an abort in mid-generation",
    says: /With another input after an abort/,
  },
  {
    name: "kept tensors never released",
    plugin: remembering(() => ({ release: () => undefined })),
    fails: "releases what it keeps: more steps need no more memory",
    says: /bytes over 16 steps and \d+ over 32\. Call release\(\)/,
  },
];
