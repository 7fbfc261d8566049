import { dtypeUnsupported } from "../../errors/dtype";
import { kernelWrong } from "../../errors/provider";
import { type Node, type Value, withBodies } from "../../graph/value";
import type { Runtime } from "../../runtime/runtime";
import type { Precision } from "../lower-precision";
import { kernelCases } from "../probe/kernel-cases";
import { type Refuse, rightForms, type Trial } from "../probe/probe";
import type { HalfTrial } from "../probe/run-cases";
import { type FormsOf, type Lowering, lowerBy } from "./forms";
import { portableOn, type SegmentNodes } from "./portable-nodes";
import { asItIs, type Form, formsFor, kernelOf, operatorName, type ProviderProfile, profileOf } from "./profile";

/** What is about to be compiled. */
export interface Placed {
  /** The component, for errors. */
  readonly name: string;
  readonly segments: readonly SegmentNodes[];
  /** By segment. */
  readonly devices: readonly string[];
  /** Of 16 bits; float32 without it. */
  readonly precision?: Precision | undefined;
}

/**
 * Tries on each device the kernels that its segments need, and chooses the forms of their nodes by it.
 * @throws SKIPSTEP_PROVIDER_KERNEL where one gives something else than the CPU in every form, SKIPSTEP_DTYPE_UNSUPPORTED
 *   where it does so in 16 bits only
 */
export async function formsOn(runtime: Runtime, { name, segments, devices, precision }: Placed): Promise<FormsOf> {
  const lowerings = new Map<string, Lowering>();
  for (const device of new Set(devices)) {
    const profile = profileOf(device);
    if (profile.isReference) continue;
    await runtime.hold(device);
    const own = [...segments.keys()].filter((segment) => devices[segment] === device);
    const initializers = new Map<string, Value>();
    const parts = own.map((segment) => segments[segment]!);
    const portable = portableOn(profile, parts, initializers);
    const trials = trialsOf(profile, withBodies(parts.flatMap(({ nodes }) => nodes.flatMap(portable))));
    const operators = precision?.operatorsOf(own[0]!);
    const half = precision && operators && { dtype: precision.dtype, operators };
    const chosen = await tried(runtime, device, [...new Set(trials.values())], { name, half });
    const { lower, key } = loweringBy(device, profile, trials, chosen, initializers);
    lowerings.set(device, { lower: (node) => portable(node).flatMap(lower), key });
  }
  return (segment) => lowerings.get(devices[segment]!);
}

/** Axes that cases have at most. */
const mostAxes = 6;

/** By node, where there is a case of it: what it has no kernel for is the CPU's. */
function trialsOf(profile: ProviderProfile, nodes: readonly Node[]): ReadonlyMap<Node, Trial> {
  const byName = new Map<string, Trial>();
  const trials = new Map<Node, Trial>();
  for (const node of nodes) {
    const forms = formsFor(profile, node);
    const runsThere = forms.some(({ emit }) => emit) || kernelOf(profile, node);
    const isUsual = node.inputs.every((value) => !value || value.shape.length <= mostAxes);
    const kernelCase = runsThere && isUsual ? kernelCases[operatorName(node)]?.(node) : undefined;
    if (!kernelCase) continue;
    const trial = byName.get(kernelCase.name) ?? { op: node.op, case: kernelCase, forms };
    byName.set(kernelCase.name, trial);
    trials.set(node, trial);
  }
  return trials;
}

/** Forms that are right in float32 and, where a component is computed so, in 16 bits; by the names of cases. */
async function tried(
  runtime: Runtime,
  device: string,
  trials: readonly Trial[],
  { name, half }: { readonly name: string; readonly half: HalfTrial | undefined },
): Promise<ReadonlyMap<string, Form>> {
  const refuse: Refuse = (kernelCase, problem) => kernelWrong(device, kernelCase, problem);
  const wide = await rightForms(runtime, device, trials, refuse);
  if (!half) return wide;
  const refuseHalf: Refuse = (kernelCase, problem) =>
    dtypeUnsupported(name, half.dtype, device, ["float32"], `its ${kernelCase} is wrong: ${problem}`);
  const narrow = trials
    .filter(({ op }) => half.operators[op])
    .map((trial) => ({ ...trial, forms: trial.forms.slice(trial.forms.indexOf(wide.get(trial.case.name)!)) }));
  const products = narrow.filter(({ op }) => half.operators[op] === "computes");
  await rightForms(runtime, device, products.slice(0, 1), refuseHalf, half); // tells of a provider without such a type
  const both = await rightForms(runtime, device, narrow, refuseHalf, half);
  const others = narrow.flatMap((trial) => {
    const form = both.get(trial.case.name)!;
    return form === trial.forms[0] ? [] : [{ ...trial, forms: [form] }];
  });
  await rightForms(runtime, device, others, refuse);
  return new Map([...wide, ...both]);
}

function loweringBy(
  device: string,
  profile: ProviderProfile,
  trials: ReadonlyMap<Node, Trial>,
  chosen: ReadonlyMap<string, Form>,
  initializers: Map<string, Value>,
): Lowering {
  const choose = (node: Node): Form => {
    const trial = trials.get(node);
    return (trial && chosen.get(trial.case.name)) ?? formsFor(profile, node)[0]!;
  };
  const said = [...chosen].filter(([, form]) => form !== asItIs).map(([of, form]) => `${of}: ${form.name}`);
  return { lower: lowerBy(choose, initializers), key: JSON.stringify([device.split(":")[0], ...said.sort()]) };
}
