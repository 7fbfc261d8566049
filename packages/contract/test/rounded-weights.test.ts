import { type Payload, type Plugin, plugin, type Weight, type WeightForm } from "@skipstep/core/plugin";
import { afterAll, expect, it } from "vitest";
import { contractChecks } from "../src/index";

const manifest = {
  name: "rounding",
  description: "Stores linear weights in bfloat16.",
  options: {
    type: "object",
    additionalProperties: false,
    required: [],
    properties: { rounds: { type: "boolean", default: true } },
  },
} as const;

/** Says that it changes nothing, and rounds weights to bfloat16. */
class Rounding implements Plugin {
  weightLoad(weight: Weight): WeightForm | undefined {
    const [rows, columns] = weight.shape as [number, number];
    if (weight.role !== "linear") return undefined;
    const rounded: Payload = {
      key: `rounding:${weight.key}`,
      label: weight.name,
      byteLength: rows * columns * 4,
      bytes: () => {
        const bits = new Uint32Array(weight.read().slice().buffer);
        return new Uint8Array(bits.map((each) => (each + 0x8000) & 0xffff0000).buffer);
      },
    };
    return {
      form: "bfloat16",
      byteLength: rows * columns * 2,
      emit(g, input, bias) {
        const output = g.matmul(input, g.transpose(g.initializer(rounded, [rows, columns]), [1, 0]));
        return bias ? g.add(output, bias) : output;
      },
    };
  }
}
plugin<{ rounds: boolean }>(manifest as never)(Rounding);

const contract = contractChecks(Rounding, { exact: {} });
afterAll(() => contract.close());

it("finds weights that go through bfloat16", async () => {
  const exact = contract.checks.find(({ name }) => name.startsWith("changes nothing with its exact options"));
  await expect(exact!.run()).rejects.toThrow(/differ/);
});
