import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import * as halves from "../src/compiler/lower-precision";
import { planGraph } from "../src/compiler/plan";
import { formsOn } from "../src/compiler/providers/choose-forms";
import { halfOperators } from "../src/compiler/providers/half-operators";
import type { Form, ProviderProfile } from "../src/compiler/providers/profile";
import * as profiles from "../src/compiler/providers/profile";
import { Graph } from "../src/graph/graph";
import { onnxFile } from "../src/onnx/onnx-file";
import { Runtime } from "../src/runtime/runtime";
import { openGraph } from "../src/start/open-graph";
import { memoryWeights, wave } from "./memory-weights";
import { roundedNodes } from "./rounded-nodes";

const [profileOf, lowered] = [profiles.profileOf, halves.lowerPrecision];

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const noPlugins = { weightLoad: () => undefined, attention: () => undefined };

/** `tanh(x W)` */
function layer(): Graph {
  const g = Graph.create("transformer", memoryWeights({}), noPlugins);
  const x = g.input("x", [2, 8]);
  g.output("y", g.tanh(g.matmul(x, g.constant([...wave([8, 4], 1).data], [8, 4]))));
  return g;
}

const wrong: Form = { name: "doubled", emit: ({ inputs }, g) => g.mul(g.tanh(inputs[0]!), g.constant(2)) };
const unknown: Form = {
  name: "unknown",
  emit: ({ inputs }, g) => g.node("NoSuchOperator", [inputs[0]], inputs[0]!.shape),
};
/** `1 - 2 / (exp(2 x) + 1)` */
const right: Form = {
  name: "by exponents",
  emit({ inputs: [x] }, g) {
    const power = g.node("Exp", [g.mul(x!, g.constant(2))], x!.shape);
    return g.sub(g.constant(1), g.div(g.constant(2), g.onePlus(power)));
  },
};
/** Right, where 180,000 is a number. */
const overflowing: Form = {
  name: "overflowing",
  emit({ inputs: [x] }, g) {
    const y = g.tanh(x!);
    const scaled = (value: typeof y, factor: number) => g.mul(g.mul(value, g.constant(factor)), g.constant(factor));
    return scaled(scaled(y, 450), 1 / 450);
  },
};

/** The CPU as an accelerator: what it has forms for is tried there, against itself. */
function standIn(profile: ProviderProfile): void {
  vi.spyOn(profiles, "profileOf").mockImplementation((device) => (device === "cpu" ? profile : profileOf(device)));
}

function withForms(...forms: Form[]): ProviderProfile {
  return { forms: { Tanh: forms }, halves: [] };
}

/** Compiles and runs the layer. */
async function run(profile: ProviderProfile): Promise<{ y: Float32Array; operators: string[]; key: string }> {
  standIn(profile);
  const cacheDir = mkdtempSync(join(tmpdir(), "skipstep-probe-"));
  folders.push(cacheDir);
  const runtime = await Runtime.start({ provider: "cpu" });
  try {
    const program = await openGraph(runtime, layer(), { cacheDir });
    const y = await runtime.pass(async () => {
      const { y } = await program.run({ x: runtime.upload(wave([2, 8], 3)) });
      return (await y!.read()).data as Float32Array;
    });
    const [key] = readdirSync(join(cacheDir, "engines")) as [string];
    const file = onnxFile.decode(readFileSync(join(cacheDir, "engines", key, "segment-0.onnx")));
    const { graph } = onnxFile.toObject(file, { arrays: true }) as { graph: { node: { op_type: string }[] } };
    return { y, key, operators: graph.node.map(({ op_type }) => op_type) };
  } finally {
    await runtime.close();
  }
}

function expectClose(found: Float32Array, expected: Float32Array): void {
  for (const [i, value] of expected.entries()) expect(Math.abs(found[i]! - value)).toBeLessThan(1e-6);
}

describe("the kernels that a graph uses", () => {
  it("are tried on small cases, and each is emitted in the first form that is right", async () => {
    const plain = await run({ isReference: true, forms: {}, halves: [] });
    const chosen = await run(withForms(wrong, unknown, right));
    expect(plain.operators).toEqual(["MatMul", "Tanh"]);
    expect(chosen.operators).toContain("Exp");
    expectClose(chosen.y, plain.y);
  });

  it("are refused by the provider's and the case's name where no form is right", async () => {
    await expect(run(withForms(wrong))).rejects.toMatchObject({
      code: "SKIPSTEP_PROVIDER_KERNEL",
      message: expect.stringMatching(
        /^"cpu" cannot be used for this model: its Tanh is wrong \(its result is off by 1\.0 of/,
      ),
    });
    await expect(run(withForms(wrong, unknown))).rejects.toThrow(/its Tanh is wrong \(.*NoSuchOperator/);
  });

  it("decide the engine: another form, or another choice among equal ones, is another key", async () => {
    const named = (name: string, form: Form): Form => ({ ...form, name });
    const keys = [
      await run({ isReference: true, forms: {}, halves: [] }),
      await run(withForms(named("first", right))),
      await run(withForms(named("second", right))),
      await run(withForms(named("third", wrong), named("first", right))),
    ].map(({ key }) => key);
    expect(new Set(keys.slice(0, 3)).size).toBe(3);
    expect(keys[3]).toBe(keys[1]); // what was tried in vain decides nothing
  });

  it("are tried once in a process, many in one model", async () => {
    const tries = vi.spyOn(Runtime.prototype, "try");
    const forms = withForms({ ...right, name: "tried once" });
    await run(forms);
    expect(tries.mock.calls.map(([provider]) => provider)).toEqual(["cpu", "cpu"]); // the reference, and the device
    await run(forms);
    expect(tries).toHaveBeenCalledTimes(2);
  });

  it("must be right in 16 bits as well, where a model computes so", async () => {
    const precision = { dtype: "float16", float32: [], operatorsOf: () => halfOperators } as const;
    const { segments } = planGraph(layer(), []);
    const runtime = await Runtime.start({ provider: "cpu" });
    // What each operator gives is rounded: ONNX Runtime leaves that out between two that it has no kernel for.
    vi.spyOn(halves, "lowerPrecision").mockImplementation((...given) => roundedNodes(lowered(...given)));
    const keyOf = async (forms: Form[], more: object): Promise<string | undefined> => {
      standIn(withForms(...forms));
      return (await formsOn(runtime, { name: "transformer", segments, devices: ["cpu"], ...more }))(0)?.key;
    };
    expect(await keyOf([overflowing, right], {})).toBe('["cpu","Tanh: overflowing"]');
    expect(await keyOf([overflowing, right], { precision })).toBe('["cpu","Tanh: by exponents"]');
    await expect(keyOf([overflowing], { precision })).rejects.toMatchObject({
      code: "SKIPSTEP_DTYPE_UNSUPPORTED",
      message: expect.stringMatching(/^"cpu" has no float16, which "dtype" says for transformer \(.*its Tanh is wrong/),
    });
    await runtime.close();
  });
});
