/**
 * Prints where ONNX Runtime puts the nodes of models on a provider, as its own log has it, and where Skipstep expects
 * them: `provider-placement.test.ts` runs it with a provider and folders of models. A line of JSON for each component.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, InferenceSession } from "onnxruntime-node";
import { compile } from "../src/compiler/compile";
import type { Segment } from "../src/compiler/plan";
import { formsOn } from "../src/compiler/providers/choose-forms";
import { bestForms } from "../src/compiler/providers/fallback-counts";
import { Runtime } from "../src/runtime/runtime";
import { buildModels } from "../src/start/build-model";
import { validateConfig } from "../src/start/create-pipeline";
import { expectedFallback } from "../src/start/fallback-notes";

const [provider, ...folders] = process.argv.slice(2) as [string, ...string[]];
const cacheDir = mkdtempSync(join(tmpdir(), "skipstep-placement-"));
env.logLevel = "verbose";
/** A model whose attentions are tried there as well. */
const isTried = (model: string): boolean => model.endsWith("/dit");
for (const model of folders) {
  const {
    model: recognised,
    plugins,
    config,
  } = await validateConfig({ model, generate: { height: 64, width: 64 } } as never);
  const { models } = buildModels(recognised, plugins, config);
  for (const built of models) {
    const { name, graph, plan, weights } = built;
    const about = { component: name, className: name, source: model, plugins: [], identity: `${model}/${name}` };
    const formsOf = bestForms(
      plan.segments,
      plan.segments.map(() => provider),
    );
    const { segments } = await compile({ graph, plan, cacheDir, formsOf, ...about });
    weights.close();
    const expected = expectedFallback(built, provider)!.counts;
    console.error(
      `component ${JSON.stringify({ model, name, denoiser: recognised.family.denoiser === name, expected })}`,
    );
    if (isTried(model) && name === "transformer") console.error(`forms ${await attentionForms(plan.segments)}`);
    for (const { path } of segments) {
      const session = await InferenceSession.create(path, { executionProviders: [provider], logSeverityLevel: 0 });
      await session.release();
    }
  }
}
rmSync(cacheDir, { recursive: true });

async function attentionForms(segments: readonly Segment[]): Promise<string | undefined> {
  const attentions = segments.map((segment) => ({
    ...segment,
    nodes: segment.nodes.filter(({ op }) => op === "MultiHeadAttention"),
  }));
  const runtime = await Runtime.start({ provider });
  const devices = segments.map(() => provider);
  const formsOf = await formsOn(runtime, { name: "transformer", segments: attentions, devices });
  await runtime.close();
  return formsOf(0)?.key;
}
