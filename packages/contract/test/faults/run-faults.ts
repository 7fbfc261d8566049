import { type DeviceTensor, type Plugin, plugin, type Run, scale, type Tensors } from "@skipstep/core/plugin";
import { type BlockForward, faultySkip, pluginOf, type SkipOptions, skipManifest, skipping } from "../skip-plugin";
import type { Fault } from "./fault";

const scaled =
  (factor: number) =>
  async ({ hidden }: Readonly<Record<string, DeviceTensor>>): Promise<Record<string, DeviceTensor>> => ({
    hidden: await scale(hidden!, factor),
  });

/** The default value hides that @inject is missing: it has no parameter that core could ask about. */
class Forgetful implements Plugin {
  readonly blockForward: BlockForward;
  constructor(options: SkipOptions = { every: 1 }) {
    this.blockForward = skipping(options);
  }
}
plugin<SkipOptions>(skipManifest)(Forgetful);

/** What the prompt comes to is the same at every step: nothing is lost. */
const remembersCaptions = pluginOf(
  ({ every }) => {
    const runs = new WeakMap<Run, Tensors>();
    return {
      blockForward: async ({ step }, inputs, next) => {
        const known = runs.get(step.run);
        if (known) return known;
        const outputs = await next(inputs);
        if (every > 1) runs.set(step.run, outputs);
        if (every > 1) for (const tensor of Object.values(outputs)) tensor.keep();
        return outputs;
      },
    };
  },
  { regions: () => [{ name: "captions", from: "context_refiner.0" }] },
);

/** Takes what it does not know for something that stays as it is. */
const keepsHints = pluginOf(({ every }) => {
  const runs = new WeakMap<Run, Tensors>();
  const inner = skipping({ every });
  return {
    blockForward: async (call, inputs, next) => {
      const hints = Object.fromEntries(Object.entries(inputs).filter(([name]) => name.startsWith("hint")));
      const first = runs.get(call.step.run) ?? hints;
      if (!runs.has(call.step.run)) for (const tensor of Object.values(hints)) tensor.keep();
      runs.set(call.step.run, first);
      return inner(call, inputs, (chosen) => next({ ...chosen, ...first }));
    },
  };
});

export const runFaults: readonly Fault[] = [
  {
    name: "what enters from beside kept as it was at first",
    plugin: keepsHints,
    fails: "changes nothing with its exact options when a ControlNet steers the model",
    says: /With a ControlNet the latents differ .* pass on all inputs as they come/,
  },
  {
    name: "a region that the model has not",
    plugin: faultySkip({}, { regions: () => [{ name: "rest", from: "blocks.1" }] }),
    fails: "fits the model: its regions exist and its build hooks work",
    says: /blocks\.1/,
  },
  {
    name: "regions and no blockForward",
    plugin: pluginOf(() => ({ beforeStep: () => undefined })),
    fails: "fits the model: its regions exist and its build hooks work",
    says: /the model is cut for nothing/,
  },
  {
    name: "two regions of one name",
    plugin: faultySkip(
      {},
      {
        regions: () => [
          { name: "rest", from: "layers.1" },
          { name: "rest", from: "layers.2" },
        ],
      },
    ),
    fails: "fits the model: its regions exist and its build hooks work",
    says: /same name: rest, rest/,
  },
  {
    name: "a build hook that throws",
    plugin: pluginOf(() => ({
      weightLoad: () => {
        throw new RangeError("planted");
      },
    })),
    fails: "fits the model: its regions exist and its build hooks work",
    says: /"skip" failed in weightLoad: planted/,
  },
  {
    name: "a hook that throws",
    plugin: pluginOf(() => ({
      blockForward: () => {
        throw new RangeError("planted");
      },
    })),
    fails: "generates an image",
    says: /"skip" failed in blockForward: planted/,
  },
  {
    name: "next called twice",
    plugin: faultySkip({ computed: (_outputs, inputs, next) => next(inputs) }),
    fails: "generates an image",
    says: /called next\(\) twice in region "rest"/,
  },
  {
    name: "next called twice at once",
    plugin: pluginOf(() => ({
      blockForward: async (_call, inputs, next) => (await Promise.all([next(inputs), next(inputs)]))[0],
    })),
    fails: "generates an image",
    says: /called next\(\) twice in region "rest"/,
  },
  {
    name: "nothing returned",
    plugin: faultySkip({ skipped: () => ({}) }),
    fails: "generates an image",
    says: /must return "hidden" \[.*\] from region "rest", found nothing/,
  },
  {
    name: "a tensor of another shape returned",
    plugin: pluginOf(({ every }) => ({
      blockForward: async ({ step }, inputs, next) => {
        const outputs = await next(inputs);
        const other = Object.values(inputs).find(({ shape }) => shape.join() !== outputs.hidden!.shape.join());
        return step.index % every === 0 ? outputs : { hidden: other! };
      },
    })),
    fails: "generates an image",
    says: /must return "hidden" \[.*\] from region "rest", found \w+ \[/,
  },
  {
    name: "a tensor of the step before, not kept",
    plugin: pluginOf(({ every }) => {
      let last: DeviceTensor | undefined;
      return {
        blockForward: async ({ step }, inputs, next) => {
          if (last && step.index % every !== 0) return { hidden: last };
          const outputs = await next(inputs);
          last = outputs.hidden;
          return outputs;
        },
      };
    }),
    fails: "generates an image",
    says: /Call keep\(\) on it/,
  },
  {
    name: "numbers that are not finite",
    plugin: faultySkip({ skipped: scaled(Number.NaN) }),
    fails: "generates an image",
    says: /the latents are not finite/,
  },
  {
    name: "its options changed",
    plugin: pluginOf((options) => {
      const blockForward = skipping(options);
      return {
        beforeStep: () => {
          options.every = 3;
        },
        blockForward,
      };
    }),
    fails: "generates an image",
    says: /"skip" failed in beforeStep: Cannot assign to read only property/,
  },
  {
    name: "exact options that are not exact",
    plugin: faultySkip({ computed: scaled(1 + 1e-6) }),
    fails: "changes nothing with its exact options, bit by bit",
    says: /With \{"every":1\} the latents differ/,
  },
  {
    name: "a copy returned where nothing changes",
    plugin: pluginOf((options) => ({ blockForward: skipping(options, { computed: scaled(1) }) })),
    fails: "is reported as without effect then, which is an error with strict",
    says: /Return what next\(\) returned, not a copy/,
  },
  {
    name: "active options that do nothing",
    plugin: faultySkip({ skips: () => false }),
    fails: "saves work with its active options, and the report says so",
    says: /no region is skipped/,
  },
  {
    name: "a forgotten @inject behind a default value",
    plugin: Forgetful,
    fails: "saves work with its active options, and the report says so",
    says: /a default value hides that it is missing/,
  },
  {
    name: "a result beyond its tolerance",
    plugin: faultySkip({ skipped: scaled(-1) }),
    fails: "stays within its tolerance",
    says: /its contract allows 0\.1/,
  },
  {
    name: "a tolerance where nothing is lost",
    plugin: remembersCaptions,
    fails: "is seen in the latents when it says that something is lost",
    says: /then say tolerance 0/,
  },
  {
    name: "no word of deciding which blocks run",
    plugin: faultySkip({}, { decides: false }),
    fails: "says in its manifest what it decides: which blocks run, guidance, predictions",
    says: /set "decides": true/,
  },
  {
    name: "the latents written to",
    plugin: pluginOf((options) => ({
      beforeStep: ({ run, latents, index }) => {
        if (options.every > 1 && index === 1 && run.branch !== "uncond") latents.data[0]! += 0.01;
      },
      blockForward: skipping(options),
    })),
    fails: "generates an image",
    says: /^Plugin "\S+" wrote into step\.latents in beforeStep;/,
  },
];
