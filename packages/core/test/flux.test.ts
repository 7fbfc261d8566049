import { join } from "node:path";
import { expectClose } from "@skipstep/contract/graph";
import { describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import type { Architecture } from "../src/architecture/architecture";
import { compile } from "../src/compiler/compile";
import { type Part, planGraph, type RegionClaim, type RegionPart } from "../src/compiler/plan";
import { type FluxConfig, flux, rotaryTables } from "../src/families/flux/model";
import { type Flux2Config, flux2, rotaryTables as rotaryTables2 } from "../src/families/flux2/model";
import { qwenImage } from "../src/families/qwen-image/model";
import { rotaryTables as imageTables, modulateIndex } from "../src/families/qwen-image/positions";
import { noHooks } from "../src/graph/build-hooks";
import { Graph } from "../src/graph/graph";
import { type Floats, floats } from "../src/tensor";
import { Weights } from "../src/weights/checkpoint/weights";
import { buildGraph, readConfig } from "./build-graph";
import { readSafetensors } from "./read-safetensors";
import { runPlan } from "./run-plan";

const golden = join(import.meta.dirname, "../../../test/golden");

describe("regions of FLUX and its kin", () => {
  /** A branch is attention or feed forward; FLUX.1's single blocks have both in one. */
  const double = ["attn", "ff", "ff_context"];
  const cases: [string, Architecture, Record<string, readonly (string | [string, string])[]>][] = [
    ["flux", flux, { transformer_blocks: double, single_transformer_blocks: [["proj_mlp", "proj_out"]] }],
    ["flux2", flux2, { transformer_blocks: double, single_transformer_blocks: ["attn"] }],
    ["qwen-image", qwenImage, { transformer_blocks: ["attn", "img_mlp", "txt_mlp"] }],
  ];

  it.each(cases)("%s: branches end before their gates", (folder, architecture, branches) => {
    const graph = buildGraph(architecture, "forward", join(golden, folder));
    const { blocks } = architecture.structure!(architecture.parse(readConfig(join(golden, folder))));
    const claims = blocks.flatMap((block) =>
      branches[block.split(".")[0]!]!.map((branch) => {
        const [from, to] = typeof branch === "string" ? [branch, branch] : branch;
        return claim(`${block}.${from}`, `${block}.${to}`);
      }),
    );
    const regions = regionsOf(planGraph(graph, claims).parts);
    expect(regions).toHaveLength(claims.length);
    for (const { claim, outputs } of regions) {
      const block = claim.region.from.split(".").slice(0, 2).join(".");
      expect(outputs).toHaveLength(claim.region.from.endsWith(".attn") && !block.startsWith("single") ? 2 : 1);
      for (const { value } of outputs) {
        const readers = graph.nodes.filter(({ inputs }) => inputs.includes(value));
        expect(readers.map(({ op, scope }) => `${scope} ${op}`)).toEqual([`${block} Mul`]);
      }
    }
  });

  it.each(cases)("%s: blocks pass on text and image", (folder, architecture) => {
    const graph = buildGraph(architecture, "forward", join(golden, folder));
    const { blocks, lists } = architecture.structure!(architecture.parse(readConfig(join(golden, folder))));
    expect(blocks).toHaveLength(lists.reduce((sum, { count }) => sum + count, 0));
    const [first, rest] = regionsOf(planGraph(graph, [claim(blocks[0]!), claim(blocks[1]!, blocks.at(-1)!)]).parts) as [
      RegionPart,
      RegionPart,
    ];
    const names = (ports: RegionPart["inputs"]): string[] => ports.map(({ name }) => name);
    expect(names(first.inputs)).toEqual(expect.arrayContaining(["encoder", "hidden"]));
    expect(names(first.outputs).sort()).toEqual(["encoder", "hidden"]);
    expect(names(rest.inputs)).toEqual(expect.arrayContaining(["encoder", "hidden"]));
    expect(names(rest.outputs)).toEqual(["hidden"]); // the last block's text is read by nobody
    const shapeOf = (ports: RegionPart["inputs"]) => ports.find(({ name }) => name === "hidden")!.value.shape.join();
    expect(shapeOf(rest.outputs)).toBe(shapeOf(rest.inputs));
  });

  it("gives the same image when every block is a session", async () => {
    const folder = join(golden, "flux");
    const graph = buildGraph(flux, "forward", folder);
    const config = flux.parse(readConfig(folder)) as FluxConfig;
    const plan = planGraph(
      graph,
      flux.structure!(config).blocks.map((block) => claim(block)),
    );
    const compiled = await compile({
      graph,
      plan,
      identity: "1".repeat(64),
      cacheDir,
      component: "transformer",
      className: flux.className,
      source: folder,
      plugins: ["test"],
    });
    const io = readSafetensors(join(folder, "io.safetensors"));
    const [batch, tokens] = io.get("in.hidden_states")!.shape as [number, number];
    const textTokens = io.get("in.encoder_hidden_states")!.shape[1]!;
    const tables = rotaryTables(config, io.get("in.txt_ids") as Floats, io.get("in.img_ids") as Floats);
    const inputs = graph.inputs.map(({ name }) => [name, io.get(`in.${name}`)!]);
    const { sample } = await runPlan(
      plan,
      compiled,
      { B: batch, T: tokens + textTokens, S: textTokens },
      { ...Object.fromEntries(inputs.filter(([, tensor]) => tensor)), ...tables },
    );
    expectClose("sample", sample!, io.get("out.0")!);
  });
});

describe("position tables", () => {
  it("turn each axis by its own position, text first", () => {
    const config = flux.parse({ attention_head_dim: 6, axes_dims_rope: [2, 4] }) as FluxConfig;
    const { cos, sin } = rotaryTables(
      config,
      floats([1, 2], Float32Array.of(0, 0)),
      floats([1, 2], Float32Array.of(3, 5)),
    );
    expect(cos.shape).toEqual([1, 2, 3]);
    expect([...sin.data]).toEqual([0, 0, 0, Math.sin(3), Math.sin(5), Math.sin(5 / 100)].map(Math.fround));
  });

  it("take rope_theta, and the first of a batch", () => {
    const config = flux2.parse({ attention_head_dim: 4, axes_dims_rope: [4], rope_theta: 16 }) as Flux2Config;
    const { sin } = rotaryTables2(
      config,
      floats([2, 1, 1], Float32Array.of(1, 9)),
      floats([1, 1, 1], Float32Array.of(2)),
    );
    expect([...sin.data]).toEqual([Math.sin(1), Math.sin(1 / 4), Math.sin(2), Math.sin(2 / 4)].map(Math.fround));
  });

  it("count Qwen-Image's images from their middle, and text from their edge on", () => {
    const config = qwenImage.parse({ attention_head_dim: 6, axes_dims_rope: [2, 2, 2] }) as never;
    const images = [
      { frames: 1, height: 3, width: 1 },
      { frames: 1, height: 1, width: 2 },
    ];
    const { sin } = imageTables(config, images, 1);
    const positions = [1, 1, 1, 0, -2, -1, 0, -1, -1, 0, 0, -1, 1, -1, -1, 1, -1, 0];
    expect([...sin.data]).toEqual(positions.map((position) => Math.fround(Math.sin(position))));
    expect([...modulateIndex(images).data]).toEqual([0, 0, 0, 1, 1]);
  });
});

describe("config.json", () => {
  it.each<[string, Architecture, unknown, string]>([
    ["guidance in Qwen-Image", qwenImage, { guidance_embeds: true }, '"guidance_embeds" must be false, found true'],
    [
      "two axes in Qwen-Image",
      qwenImage,
      { axes_dims_rope: [64, 64] },
      '"axes_dims_rope" must have at least 3 entries, found [64,64]',
    ],
    ["odd axis", flux, { axes_dims_rope: [16, 55, 57] }, '"axes_dims_rope" (at 1) must be a multiple of 2'],
    [
      "axes that make no head",
      flux2,
      { attention_head_dim: 64 },
      '"axes_dims_rope" must add up to "attention_head_dim" (64), found 32 + 32 + 32 + 32 = 128',
    ],
    [
      "odd number of frequencies",
      flux2,
      { timestep_guidance_channels: 255 },
      '"timestep_guidance_channels" must be a multiple of 2, found 255',
    ],
  ])("refuses: %s", (_name, architecture, raw, message) => {
    expect(() => architecture.parse(raw)).toThrow(
      expect.objectContaining({ code: "SKIPSTEP_MODEL_OPTION", message: expect.stringContaining(message) }),
    );
  });

  it.each<[string, Architecture, object, string]>([
    ["flux", flux, { num_layers: 4 }, "transformer_blocks.3.norm1.linear.weight"],
    ["flux-schnell", flux, { guidance_embeds: true }, "time_text_embed.guidance_embedder.linear_1.weight"],
    ["flux2", flux2, { num_single_layers: 4 }, "single_transformer_blocks.3.attn.to_qkv_mlp_proj.weight"],
    ["qwen-image", qwenImage, { use_additional_t_cond: true }, "time_text_embed.addition_t_embedding.weight"],
  ])("%s: a tensor that it asks for and the file lacks is named", (folder, architecture, change, tensor) => {
    const weights = Weights.open(join(golden, folder));
    try {
      const config = architecture.parse({ ...readConfig(join(golden, folder)), ...change });
      const g = Graph.create("transformer", weights, noHooks);
      expect(() => architecture.entries.forward!(g, config)).toThrow(
        expect.objectContaining({ code: "SKIPSTEP_TENSOR_MISSING", message: expect.stringContaining(tensor) }),
      );
    } finally {
      weights.close();
    }
  });
});

function claim(from: string, to = from): RegionClaim {
  return { plugin: "test", order: 0, region: { name: from, index: 0, from, to } };
}

function regionsOf(parts: readonly Part[]): RegionPart[] {
  return parts.filter((part) => part.kind === "region");
}
