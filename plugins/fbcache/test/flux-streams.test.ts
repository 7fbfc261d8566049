import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { compile } from "../../../packages/core/src/compiler/compile";
import { planGraph } from "../../../packages/core/src/compiler/plan";
import { flux, rotaryTables } from "../../../packages/core/src/families/flux/model";
import { noHooks } from "../../../packages/core/src/graph/build-hooks";
import { Graph } from "../../../packages/core/src/graph/graph";
import { RunHooks } from "../../../packages/core/src/loop/run-hooks";
import { pluginOfClass } from "../../../packages/core/src/plugins/discover";
import { createHost } from "../../../packages/core/src/plugins/host";
import { Program } from "../../../packages/core/src/program/program";
import { Engine } from "../../../packages/core/src/runtime/engine";
import { regionClaims } from "../../../packages/core/src/start/build-model";
import type { Floats } from "../../../packages/core/src/tensor";
import { Weights } from "../../../packages/core/src/weights/checkpoint/weights";
import { readConfig } from "../../../packages/core/test/build-graph";
import { ioOf } from "../../../test/golden-kinds/check-model";
import { expectClose } from "../../../test/golden-kinds/close";
import { FirstBlockCache } from "../src/index";

const folder = join(import.meta.dirname, "../../../test/golden/flux");

it("spans the text and image streams of FLUX, double and single blocks", async () => {
  const cacheDir = mkdtempSync(join(tmpdir(), "skipstep-flux-streams-"));
  const engine = await Engine.start({ provider: "cpu", threads: 1 });
  const weights = Weights.open(folder);
  try {
    const config = flux.parse(readConfig(folder));
    const graph = Graph.create("transformer", weights, noHooks);
    flux.entries.forward!(graph, config);
    const host = createHost([
      {
        ...pluginOfClass(FirstBlockCache),
        options: { threshold: 1, rule: "para_attn", warmup_steps: 0, taylorseer_order: 0 },
      },
    ]);
    const plan = planGraph(graph, regionClaims(host, flux.structure!(config)));
    const compiled = await compile({
      graph,
      plan,
      identity: weights.identity(cacheDir),
      cacheDir,
      component: "transformer",
      className: flux.className,
      source: folder,
      plugins: ["fbcache"],
    });
    const program = await Program.open(engine, graph, plan, compiled);

    const io = ioOf(folder);
    const inputs = {
      ...Object.fromEntries([...io].map(([name, tensor]) => [name.replace("in.", ""), tensor])),
      ...rotaryTables(config as never, io.get("in.txt_ids") as Floats, io.get("in.img_ids") as Floats),
    };
    const hooks = new RunHooks(host);
    const run = { branch: "cond", count: 2 } as const;
    await engine.generation(async () => {
      for (const index of [0, 1])
        await engine.pass(async () => {
          const feeds = graph.inputs.map(({ name }) => [name, engine.upload(inputs[name as keyof typeof inputs])]);
          const step = { run, index, count: 2, timestep: 0, sigma: 1, latents: io.get("in.hidden_states") as Floats };
          const { sample } = await program.run(Object.fromEntries(feeds), { around: hooks.around(step) });
          expectClose(`step ${index}`, await sample!.read(), io.get("out.0")!);
        });
    });
    const [first, rest] = hooks.receipts;
    expect([first!.computed, first!.reused]).toEqual([[0, 1], []]);
    expect([rest!.computed, rest!.reused]).toEqual([[0], [1]]);
    expect([rest!.region.from, rest!.region.to]).toEqual(["transformer_blocks.1", expect.stringMatching(/^single_/)]);
  } finally {
    weights.close();
    await engine.close();
    rmSync(cacheDir, { recursive: true, force: true });
  }
});
