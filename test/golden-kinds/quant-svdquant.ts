import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type OpenWeights, openWeights } from "@skipstep/core/model";
import type { Matrix } from "@skipstep/lowbit";
import { expect } from "vitest";
import { outputSize } from "../../plugins/svdquant/src/algorithm/output-error";
import { type LinearOptions, quantizeLinear } from "../../plugins/svdquant/src/algorithm/quantize-linear";
import { smoothingScales, weightSpans } from "../../plugins/svdquant/src/algorithm/smoothing";

interface About {
  /** By stage: `plain_w4a4`, `smooth_w4a4`, `svdquant_r32_w4a16`. */
  readonly relative_error: Readonly<Record<string, number>>;
  readonly group: number;
  readonly alpha: number;
}

/** The relative error of a linear's outputs after each stage of SVDQuant: at most 10% above the reference's. */
export function checkSvdQuant(folder: string): void {
  const { relative_error, group, alpha }: About = JSON.parse(readFileSync(join(folder, "about.json"), "utf8"));
  const io = openWeights(join(folder, "linear.safetensors"));
  const [weight, inputs] = [matrix(io, "in.weight"), matrix(io, "in.x")];
  io.close();
  const size = outputSize(inputs, weight);
  const spans = { inputs: weightSpans([inputs]), weights: weightSpans([weight]) };
  for (const [stage, expected] of Object.entries(relative_error)) {
    const [, kind, rank = "0", bits] = /^(plain|smooth|svdquant)(?:_r(\d+))?_w4a(4|16)$/.exec(stage)!;
    const smooth =
      kind === "plain" ? new Float32Array(weight.columns).fill(1) : smoothingScales(spans, { alpha, beta: 1 - alpha });
    const options = { rank: Number(rank), iterations: 1, group };
    const activationBits = Number(bits) as LinearOptions["activationBits"];
    const { error } = quantizeLinear(weight, smooth, inputs, { ...options, activationBits });
    expect(Math.sqrt(error / size) / expected, stage).toBeLessThan(1.1);
    expect(Math.sqrt(error / size) / expected, stage).toBeGreaterThan(0.5);
  }
}

function matrix(io: OpenWeights, name: string): Matrix {
  const [rows, columns] = io.entry(name).shape as [number, number];
  return { values: io.readFloat32(name), rows, columns };
}
