/** Linears of few bits on WebGPU, all in one model, each with a LoRA's branch beside it; whole models: low-bit-models.test.ts. */
import { newGraph, wave } from "@skipstep/contract/graph";
import { openGraph, Runtime, size, type Tensor } from "@skipstep/core/model";
import type { Graph, Plugin, Weight } from "@skipstep/core/plugin";
import { Bnb, type BnbOptions } from "@skipstep/plugin-bnb";
import { Gguf } from "@skipstep/plugin-gguf";
import { SvdQuant } from "@skipstep/plugin-svdquant";
import { expect, it } from "vitest";
import { blockTypeNamed } from "../plugins/gguf/src/block-types";
import { someBlocks } from "../plugins/gguf/test/some-blocks";
import { device, findDriver, timeout } from "./device";

const [rows, columns, rank] = [24, 256, 4];
const driver = await findDriver();

const bnb = (options: object) => new Bnb({ llm_int8_threshold: 6, bnb_4bit_kernel: "exact", ...options } as BnbOptions);
const fourBits = { load_in_4bit: true, bnb_4bit_blocksize: 64, bnb_4bit_use_double_quant: false };
const gguf = new Gguf({ weights: "packed", kernel: "exact" });

/** Largest difference of the CPU: where it rounds what it multiplies, and WebGPU does not, a part of a hundred. */
const [same, rounded] = [1e-5, 2e-2];
const layers: Readonly<Record<string, readonly [plugin: Plugin, most: number, type?: string]>> = {
  NF4: [bnb({ ...fourBits, bnb_4bit_quant_type: "nf4" }), same],
  Q2_K: [gguf, same, "Q2_K"],
  Q4_K: [gguf, same, "Q4_K"],
  Q6_K: [gguf, same, "Q6_K"],
  "LLM.int8": [bnb({ load_in_8bit: true }), rounded],
  w4a16: [new SvdQuant({ form: "w4a16", rank: 4, skip: [] }), rounded],
};

function weightOf(type: string | undefined): Weight {
  const own = { name: "transformer_blocks.0.attn.to_q.weight", component: "transformer", role: "linear" } as const;
  const plain = { ...own, shape: [rows, columns], dtype: "float32", key: type ?? "plain" } as const;
  const values = { input: undefined as never, read: () => wave([rows, columns], 0.3).data };
  if (type === undefined) return { ...plain, ...values };
  const data = someBlocks(blockTypeNamed(type)!, rows, columns);
  const stored = { dtype: "uint8", shape: [rows, data.length / rows] } as const;
  const tensors = { blocks: { ...stored, read: () => ({ ...stored, data }) } };
  const packed = { format: `gguf:${type}`, byteLength: data.length, parameters: { type }, tensors };
  return { ...plain, ...values, packed };
}

async function run(provider: string): Promise<Readonly<Record<string, Tensor>>> {
  const g = newGraph();
  const x = g.input("x", [size("B"), size("T"), columns]);
  const [down, up] = [g.branchInput("down", [columns, size("rank")]), g.branchInput("up", [size("rank"), rows])];
  const branch = g.matmul(g.matmul(x, down), up);
  for (const [name, [plugin, , type]] of Object.entries(layers)) {
    const plain = plugin.weightLoad!(weightOf(type), { weights: {} } as Graph)!.emit(g.scope(name), x, undefined);
    g.output(name, plain);
    g.output(`${name} with a LoRA`, g.add(plain, branch));
  }
  const runtime = await Runtime.start({ provider });
  const program = await openGraph(runtime, g);
  const feeds = { x: wave([2, 9, columns], 0.7), down: wave([columns, rank], 0.2), up: wave([rank, rows], 0.4) };
  const results = await runtime.pass(async () => {
    const inputs = Object.entries(feeds).map(([name, tensor]) => [name, runtime.upload(tensor)] as const);
    const outputs = Object.entries(await program.run(Object.fromEntries(inputs)));
    return Promise.all(outputs.map(async ([name, output]) => [name, await output.read()] as const));
  });
  await program.close();
  await runtime.close();
  return Object.fromEntries(results);
}

function difference(found: Tensor, expected: Tensor): number {
  const [ours, theirs] = [found.data as Float32Array, expected.data as Float32Array];
  const most = theirs.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return theirs.reduce((worst, value, i) => Math.max(worst, Math.abs(value - ours[i]!)), 0) / most;
}

it.skipIf(!driver.works)(
  "layers give what they give on the CPU, where that rounds nothing, and with a LoRA beside them",
  async () => {
    const [expected, found] = [await run("cpu"), await run(device)];
    for (const [name, [, most]] of Object.entries(layers))
      for (const output of [name, `${name} with a LoRA`])
        expect(difference(found[output]!, expected[output]!), output).toBeLessThan(most);
  },
  timeout,
);
