import { expect, it } from "vitest";
import { countFlops } from "../src/compiler/flops";
import { activationBytes } from "../src/compiler/memory-estimate";
import { planGraph } from "../src/compiler/plan";
import { initializersOf } from "../src/compiler/weights-layout";
import { ceilOver, divisor, evaluate, least, size, times } from "../src/graph/dim";
import { Graph } from "../src/graph/graph";
import type { Value } from "../src/graph/value";
import { memoryWeights, wave } from "./memory-weights";
import { runGraph } from "./run-graph";

const noHooks = { weightLoad: () => undefined, attention: () => undefined };

/** Rows of x, each times a matrix that is made before the scan, plus a weight: `[n, 3]`. */
function scanning(): { g: Graph; made: Value } {
  const g = Graph.create("scanning", memoryWeights({ shift: wave([3], 2) }), noHooks);
  const x = g.input("x", [size("n"), 3]);
  const made = g.scope("before").mul(g.input("matrix", [3, 3]), g.constant(2));
  const after = g.scope("after");
  const [rows] = after.scan([after.unsqueeze(x, 1)], (inner, [row]) => [
    inner.add(inner.matmul(row!, made), g.weight("shift", [3])),
  ]);
  g.output("y", after.reshape(rows!, [size("n"), 3]));
  return { g, made };
}

it("runs its body for each element, with values from around it", async () => {
  const inputs = { x: wave([4, 3], 1), matrix: wave([3, 3], 5) };
  const { y } = await runGraph(scanning().g, inputs);
  const shift = wave([3], 2).data;
  const at = (row: number, column: number): number =>
    [0, 1, 2].reduce((sum, k) => sum + inputs.x.data[3 * row + k]! * 2 * inputs.matrix.data[3 * k + column]!, 0) +
    shift[column]!;
  for (let i = 0; i < 12; i++) expect(y!.data[i]).toBeCloseTo(at(Math.floor(i / 3), i % 3), 5);
});

it("is known with what its body reads: at cuts, among weights, in FLOPs and memory", () => {
  const { g, made } = scanning();
  const region = { name: "r", index: 0, from: "after", to: "after" };
  const { segments } = planGraph(g, [{ plugin: "cutter", order: 0, region }]);
  expect(segments).toHaveLength(2);
  expect(segments[0]!.outputs).toEqual([made]);
  expect(segments[1]!.inputs).toContain(made);
  expect(initializersOf(segments[1]!.nodes).map(({ name }) => name)).toContain("shift");
  expect(countFlops(g.nodes, { n: 5 }).total).toBe(5 * 2 * 3 * 3);
  expect(activationBytes(g, { n: 5 })).toBeGreaterThan(activationBytes(g, { n: 4 }));
});

it("has sizes checked at once where they are numbers, and noted where they are not", () => {
  const { g } = scanning();
  const seen: (readonly number[])[] = [];
  g.whenKnown([3, 4], (sizes) => seen.push(sizes));
  g.whenKnown([size("n"), 4], (sizes) => seen.push(sizes));
  expect(seen).toEqual([[3, 4]]);
  expect(planGraph(g, []).checks).toEqual(g.checks);
  expect(g.checks).toHaveLength(1);
});

it.each([
  [1, 4, 1, 1],
  [8, 4, 2, 4],
  [9, 4, 3, 4],
])("counts blocks of %i elements by %i", (n, by, blocks, smaller) => {
  const dim = size("n");
  expect(evaluate(ceilOver(dim, by), { n })).toBe(blocks);
  expect(evaluate(ceilOver(dim, ceilOver(dim, by)), { n })).toBe(Math.ceil(n / blocks));
  expect(evaluate(least(dim, by), { n })).toBe(smaller);
  expect([ceilOver(n, by), least(n, by)]).toEqual([blocks, smaller]);
});

it.each([
  [512, 8, 8],
  [12, 5, 4],
  [12, 100, 12],
  [13, 12, 1],
  [6, 0, 1],
])("the largest divisor of %i up to %i", (n, most, expected) => {
  expect(divisor(n, most)).toBe(expected);
  const dim = divisor(times(size("n"), 1), size("most"));
  expect(evaluate(dim, { n, most })).toBe(expected);
  expect(String(dim)).toBe("divisor(n,most)");
});
