import type { Kind } from "../../../../test/fuzz/kind";
import { mutateJson } from "../../../../test/fuzz/mutate-json";
import type { Random } from "../../../../test/fuzz/random";
import { copyPipeline } from "../../../../test/fuzz/seeds";
import { inspected, small } from "../../../../test/fuzz/try-config";
import { validateConfig } from "../../src/index";
import { createGenerator, floats } from "../../src/model";
import { ownCatalogue } from "../../src/start/catalogue";

const { schedulers } = ownCatalogue;

/** Every scheduler with all its options, in the config and stepped by itself. */
export const schedulerKinds: readonly Kind[] = [
  {
    name: "scheduler options",
    weight: 6,
    prepare(place) {
      const model = copyPipeline("sd15", place.folder);
      return {
        async attempt(random) {
          const type = random.pick(Object.keys(schedulers.schemas));
          const scheduler = JSON.parse(optionsText(type, random));
          await validateConfig({ model, scheduler, generate: { ...small, prompt: "a cat" } });
          step(type, scheduler, random);
          return false;
        },
        sound: () => inspected({ model, generate: { ...small, prompt: "a cat" } }),
      };
    },
  },
];

/** All of a scheduler's defaults, changed; what became no JSON is left as it was. */
function optionsText(type: string, random: Random): string {
  const { properties } = schedulers.schemas[type]!;
  const defaults = Object.entries(properties).map(([key, { default: value }]) => [key, value]);
  const text = JSON.stringify({ type, ...Object.fromEntries(defaults) });
  const changed = mutateJson(text, random);
  try {
    JSON.parse(changed);
    return changed;
  } catch {
    return text;
  }
}

function step(type: string, options: Readonly<Record<string, unknown>>, random: Random): void {
  const { type: _, ...own } = options;
  const scheduler = schedulers.create(type, own, { num_inference_steps: 1 + random.below(4), mu: 1 });
  const generator = createGenerator(1);
  let sample = floats([1, 4, 2, 2]);
  for (const index of scheduler.timesteps.keys()) {
    const input = scheduler.scaleModelInput(sample, index);
    sample = scheduler.step(
      floats(
        [1, 4, 2, 2],
        input.data.map((x) => x + 0.5),
      ),
      index,
      sample,
      generator,
    );
  }
}
