/** Prints how a model's operators are emitted on a provider: `bench/device.ts` runs it with its name and a model's folder. */
import { formsOn } from "../src/compiler/providers/choose-forms";
import { Runtime } from "../src/runtime/runtime";
import { buildModels } from "../src/start/build-model";
import { validateConfig } from "../src/start/create-pipeline";

const [provider, model] = process.argv.slice(2) as [string, string];
const { model: recognised, plugins, config } = await validateConfig({ model } as never);
const { models } = buildModels(recognised, plugins, config);
const runtime = await Runtime.start({ provider });
for (const { name, plan, weights } of models) {
  weights.close();
  const devices = plan.segments.map(() => provider);
  const start = performance.now();
  const formsOf = await formsOn(runtime, { name, segments: plan.segments, devices });
  console.log(`${name}, ${((performance.now() - start) / 1000).toFixed(2)} s: ${formsOf(0)?.key}`);
}
await runtime.close();
