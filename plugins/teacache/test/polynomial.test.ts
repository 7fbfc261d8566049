import { expect, it } from "vitest";
import { calibration } from "../src/calibration";
import { officialCoefficients } from "../src/official-coefficients";
import { evaluate, fitPolynomial } from "../src/polynomial";

it.each([
  [0, 0.264231],
  [0.05, 0.180503],
  [0.1, 0.206847],
  [0.2, 0.261995],
  [0.3, 0.52213],
])("has FLUX's polynomial at %d", (x, expected) => {
  expect(evaluate(officialCoefficients.FluxTransformer2DModel!, x)).toBeCloseTo(expected, 6);
});

it("finds a polynomial again from its values, however small the numbers are", () => {
  for (const scale of [1, 1e-3]) {
    const coefficients = [3 / scale ** 4, -2 / scale ** 3, 0.5 / scale ** 2, 1 / scale, 0.25];
    const points = Array.from({ length: 12 }, (_, i) => ((i * i + 1) / 150) * scale).map((x) => ({
      x,
      y: evaluate(coefficients, x),
    }));
    const found = fitPolynomial(points, 4);
    for (const [i, expected] of coefficients.entries()) expect(found[i]! / expected).toBeCloseTo(1, 8);
  }
});

it("fits with the least squares, as numpy's polyfit", () => {
  const [xs, ys] = [
    [0.31, 0.12, 0.05, 0.08, 0.2, 0.02, 0.15, 0.11],
    [0.5, 0.21, 0.11, 0.08, 0.33, 0.1, 0.2, 0.15],
  ];
  const found = fitPolynomial(
    xs.map((x, i) => ({ x, y: ys[i]! })),
    4,
  );
  // np.polyfit(xs, ys, 4)
  const expected = [
    56.00417851065124, -68.32408061375467, 25.721210436449606, -1.8857549818059365, 0.13113108784904573,
  ];
  for (const [i, coefficient] of expected.entries()) expect(found[i]! / coefficient).toBeCloseTo(1, 6);
});

it("takes the changes of both guidance branches, and leaves out what is not finite", () => {
  const numbers = (values: readonly number[]) => Object.fromEntries(values.map((value, i) => [i + 1, value]));
  const region = { from: "", to: "", computed: [], reused: [], seconds: 0, savedSeconds: 0 } as never as object;
  const line = (x: number): number => 2 * x + 0.5;
  const [xs, others] = [
    [0.1, 0.2, 0.3, Number.NaN],
    [0.4, 0.5, 0.6, 0.7],
  ];
  const report = {
    regions: [
      {
        ...region,
        name: "output",
        numbers: { output_diff: numbers(xs.map(line)), cfg_output_diff: numbers(others.map(line)) },
      },
      { ...region, name: "input", numbers: { input_diff: numbers(xs), cfg_input_diff: numbers(others) } },
    ],
  } as never;
  const { coefficients } = calibration.fit([report]);
  expect(coefficients!.map((value) => Number(value.toFixed(6)) + 0)).toEqual([0, 0, 0, 2, 0.5]);
  expect(() => calibration.fit([])).toThrow(/fitted to 0 different changes; a polynomial needs 5/);
});
