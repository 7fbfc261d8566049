import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { compile } from "../../../packages/core/src/compiler/compile";
import { planGraph } from "../../../packages/core/src/compiler/plan";
import { type Flux2Config, flux2, rotaryTables as flux2Tables } from "../../../packages/core/src/families/flux2/model";
import { type QwenImageConfig, qwenImage } from "../../../packages/core/src/families/qwen-image/model";
import { rotaryTables as qwenTables } from "../../../packages/core/src/families/qwen-image/positions";
import { noHooks } from "../../../packages/core/src/graph/build-hooks";
import { Graph } from "../../../packages/core/src/graph/graph";
import type { Tensors } from "../../../packages/core/src/hooks";
import { RunHooks } from "../../../packages/core/src/loop/run-hooks";
import { pluginOfClass } from "../../../packages/core/src/plugins/discover";
import { createHost } from "../../../packages/core/src/plugins/host";
import { type Around, Program } from "../../../packages/core/src/program/program";
import { Engine } from "../../../packages/core/src/runtime/engine";
import { regionClaims } from "../../../packages/core/src/start/build-model";
import { type Floats, floats, type Tensor } from "../../../packages/core/src/tensor";
import { Weights } from "../../../packages/core/src/weights/checkpoint/weights";
import { readConfig } from "../../../packages/core/test/build-graph";
import { type Io, ioOf } from "../../../test/golden-kinds/check-model";
import { expectClose } from "../../../test/golden-kinds/close";
import { CacheDit } from "../src/index";
import { optionsWith } from "./toy";

type Inputs = Readonly<Record<string, Tensor>>;

const golden = join(import.meta.dirname, "../../../test/golden");

const denoisers = {
  flux2: {
    architecture: flux2,
    tables: (config: unknown, io: Io): Inputs => ({
      ...flux2Tables(config as Flux2Config, io.get("in.txt_ids") as Floats, io.get("in.img_ids") as Floats),
    }),
    blocks: ["transformer_blocks.1", "single_transformer_blocks.1"],
  },
  "qwen-image": {
    architecture: qwenImage,
    tables: (config: unknown, io: Io): Inputs => {
      const [batch, textTokens] = io.get("in.encoder_hidden_states")!.shape as [number, number];
      const images = [{ frames: 1, height: 1, width: io.get("in.hidden_states")!.shape[1]! }];
      const mask = { dtype: "int32", shape: [batch, textTokens], data: new Int32Array(batch * textTokens).fill(1) };
      return {
        ...qwenTables(config as QwenImageConfig, images, textTokens),
        encoder_hidden_states_mask: mask as Tensor,
      };
    },
    blocks: ["transformer_blocks.1", "transformer_blocks.1"],
  },
} as const;

/** Image tokens of each step: as they are, moved a little, and turned around. */
const factors = [1, 1.0005, 0.999, -1, -1.0002];
const threshold = 0.1;

it.each(["flux2", "qwen-image"] as const)(
  "runs around the blocks of %s, for which there is no pipeline",
  async (name) => {
    const { architecture, tables, blocks } = denoisers[name];
    const folder = join(golden, name);
    const cacheDir = mkdtempSync(join(tmpdir(), "skipstep-cache-dit-"));
    const engine = await Engine.start({ provider: "cpu", threads: 1 });
    const weights = Weights.open(folder);
    try {
      const config = architecture.parse(readConfig(folder));
      const graph = Graph.create("transformer", weights, noHooks);
      architecture.entries.forward!(graph, config as never);
      const options = optionsWith({
        Fn_compute_blocks: 1,
        Bn_compute_blocks: 1,
        max_warmup_steps: 1,
        residual_diff_threshold: threshold,
      });
      const host = createHost([{ ...pluginOfClass(CacheDit), options: { ...options } }]);
      const plan = planGraph(graph, regionClaims(host, architecture.structure!(config as never)));
      const identity = weights.identity(cacheDir);
      const about = {
        component: "transformer",
        className: architecture.className,
        source: folder,
        plugins: ["cache-dit"],
      };
      const program = await Program.open(
        engine,
        graph,
        plan,
        await compile({ graph, plan, identity, cacheDir, ...about }),
      );

      const io = ioOf(folder);
      const made = tables(config, io);
      const latents = io.get("in.hidden_states") as Floats;
      const feeds = (factor: number): Tensors => {
        const moved: Inputs = {
          ...made,
          hidden_states: floats(
            latents.shape,
            latents.data.map((x) => factor * x),
          ),
        };
        return Object.fromEntries(
          graph.inputs.map(({ name: input }) => [input, engine.upload(moved[input] ?? io.get(`in.${input}`)!)]),
        );
      };
      const hooks = new RunHooks(host);
      const run = { branch: "cond", count: factors.length } as const;
      const residuals: Record<string, Float32Array[]> = { first: [], middle: [], text: [] };
      await engine.generation(async () => {
        for (const [index, factor] of factors.entries())
          await engine.pass(async () => {
            const step = { run, index, count: factors.length, timestep: 0, sigma: 1, latents };
            const around: Around = async (...arrival) => {
              const [claim, inputs] = arrival;
              const outputs = await hooks.around(step)(...arrival);
              residuals[claim.region.name]!.push(await difference(outputs.hidden!, inputs.hidden!));
              if (claim.region.name === "middle")
                residuals.text!.push(await difference(outputs.encoder!, inputs.encoder!));
              return outputs;
            };
            const { sample } = await program.run(feeds(factor), { around });
            const plain = await program.run(feeds(factor));
            if (hooks.receipts[1]!.computed.includes(index))
              expectClose(`step ${index}`, await sample!.read(), await plain.sample!.read());
          });
      });

      const [first, middle] = hooks.receipts;
      expect([middle!.region.from, middle!.region.to]).toEqual(blocks);
      // Against the first blocks' residuals as they were, step by step.
      let last = 0;
      for (const index of factors.keys()) {
        if (index === 0) continue;
        const moved = relative(residuals.first![last]!, residuals.first![index]!);
        expect(first!.numbers.get(index)!.residual_diff! / moved, `step ${index}`).toBeCloseTo(1, 4);
        expect(middle!.reused.includes(index), `step ${index}`).toBe(moved < threshold);
        // Both streams add again what the middle added when it was last computed.
        for (const stream of ["middle", "text"])
          if (moved < threshold)
            expect(relative(residuals[stream]![last]!, residuals[stream]![index]!)).toBeLessThan(1e-4);
        if (moved >= threshold) last = index;
      }
      expect(middle!.reused).toEqual([1, 2, 4]);
    } finally {
      weights.close();
      await engine.close();
      rmSync(cacheDir, { recursive: true, force: true });
    }
  },
);

async function difference(after: Tensors[string], before: Tensors[string]): Promise<Float32Array> {
  const [a, b] = [(await after.read()).data as Float32Array, (await before.read()).data as Float32Array];
  return a.map((value, i) => value - b[i]!);
}

function relative(before: Float32Array, now: Float32Array): number {
  const sum = (values: Float32Array): number => values.reduce((total, value) => total + Math.abs(value), 0);
  return sum(now.map((value, i) => value - before[i]!)) / sum(before);
}
