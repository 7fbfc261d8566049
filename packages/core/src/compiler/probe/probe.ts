import type { SkipstepError } from "../../errors/error";
import type { Runtime } from "../../runtime/runtime";
import { asItIs, type Form } from "../providers/profile";
import type { KernelCase } from "./kernel-case";
import { type HalfTrial, type Outcome, runCases } from "./run-cases";

/** A case with the forms that its operator may have, the best first. */
export interface Trial {
  readonly op: string;
  readonly case: KernelCase;
  readonly forms: readonly Form[];
}

/** What is thrown where no form of a case is right. @param problem a few words, or ONNX Runtime's message */
export type Refuse = (kernelCase: string, problem: string) => SkipstepError;

/**
 * Largest difference, of the largest value. Kernels that are right are within 1e-5, or 5e-4 where they round products to
 * 11 bits; wrong ones are 6e-2 off and more.
 */
const tolerance = 2e-3;

/** The same in 16 bits, of sums of 160 terms. */
const halfTolerance = 1e-2;

/** What was found out in this process: by device, which form of a case is right. */
const found = new Map<string, Map<string, Form>>();

/** The trial of each device that is under way. */
const turns = new Map<string, Promise<unknown>>();

/**
 * Runs small known cases on a device and on the CPU, many in a model, and finds for each the first form that gives what
 * the CPU gives. A process runs each of them once.
 * @param half in what they are computed, where that is not float32
 * @returns forms by the names of cases
 * @throws what `refuse` makes, where no form is right
 */
export function rightForms(
  runtime: Runtime,
  device: string,
  trials: readonly Trial[],
  refuse: Refuse,
  half?: HalfTrial,
): Promise<ReadonlyMap<string, Form>> {
  const turn = (turns.get(device) ?? Promise.resolve()).then(() => choose(runtime, device, trials, refuse, half));
  turns.set(
    device,
    turn.catch(() => undefined), // told to who asked
  );
  return turn;
}

async function choose(
  runtime: Runtime,
  device: string,
  trials: readonly Trial[],
  refuse: Refuse,
  half: HalfTrial | undefined,
): Promise<ReadonlyMap<string, Form>> {
  const known = found.get(device) ?? new Map<string, Form>();
  found.set(device, known);
  const keyOf = ({ case: { name }, forms }: Trial): string =>
    [half?.dtype, name, ...forms.map((form) => form.name)].join("\n");
  let open = trials.filter((trial) => !known.has(keyOf(trial)));
  const references = await runCases(
    runtime,
    "cpu",
    open.map((trial) => ({ ...trial, form: asItIs })),
  );
  const expected = new Map(open.map((trial, i) => [trial, references[i]!]));
  for (let round = 0; open.length > 0; round++) {
    const tried = open.map((trial) => ({ ...trial, form: trial.forms[round]! }));
    const outcomes = await runCases(runtime, device, tried, half);
    open = open.filter((trial, i) => {
      const problem = problemIn(
        outcomes[i]!,
        expected.get(trial)!,
        trial.case.tolerance ?? (half ? halfTolerance : tolerance),
      );
      if (problem === undefined) known.set(keyOf(trial), tried[i]!.form);
      else if (round + 1 === trial.forms.length) throw refuse(trial.case.name, problem);
      return problem !== undefined;
    });
  }
  return new Map(trials.map((trial) => [trial.case.name, known.get(keyOf(trial))!]));
}

function problemIn(outcome: Outcome, expected: Outcome, most: number): string | undefined {
  if (typeof expected === "string") return `the CPU cannot run it either: ${expected}`;
  if (typeof outcome === "string") return outcome;
  const worst = Math.max(...outcome.map((values, i) => difference(values, expected[i]!)));
  return worst <= most ? undefined : `its result is off by ${worst.toPrecision(2)} of the largest value`;
}

/** Largest difference, of the largest value; infinite for what is no number. */
function difference(values: Float32Array, expected: Float32Array): number {
  let [most, largest] = [0, 0];
  for (const [i, value] of expected.entries()) {
    largest = Math.max(largest, Math.abs(value));
    const off = Math.abs(values[i]! - value);
    most = off <= most ? most : Number.isNaN(off) ? Number.POSITIVE_INFINITY : off;
  }
  return most === 0 ? 0 : most / largest;
}
