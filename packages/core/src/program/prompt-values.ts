import type { Segment } from "../compiler/plan";
import type { Value } from "../graph/value";
import type { DeviceTensor } from "../runtime/device-tensor";
import { RuntimeTensor } from "../runtime/runtime-tensor";
import type { BoundPlan } from "./bound-plan";

type Values = ReadonlyMap<Value, DeviceTensor>;

/** What was computed from steady inputs, at which sizes. */
interface Known {
  readonly bound: BoundPlan;
  readonly inputs: readonly RuntimeTensor[];
  readonly outputs: readonly (readonly [Value, RuntimeTensor])[];
}

/** Remembers what a segment made of steady inputs, for as long as the generation keeps them. */
export class PromptValues {
  /** By the first input: guidance branches have their own. */
  private readonly known = new WeakMap<RuntimeTensor, Known>();

  /** Its outputs, where it ran on these very tensors before. */
  find({ inputs }: Segment, values: Values, bound: BoundPlan): Known["outputs"] | undefined {
    const tensors = keptTensors(inputs, values);
    const found = tensors && this.known.get(tensors[0]!);
    const isSame =
      found?.bound === bound &&
      found.inputs.every((tensor, i) => tensor === tensors![i]) &&
      found.outputs.every(([, tensor]) => tensor.isAlive);
    return isSame ? found.outputs : undefined;
  }

  /** Keeps its outputs, where its inputs are kept. @param values with its outputs */
  note({ inputs, outputs }: Segment, values: Values, bound: BoundPlan): void {
    const tensors = keptTensors(inputs, values);
    if (!tensors) return;
    const made = outputs.map((value) => [value, (values.get(value) as RuntimeTensor).keep()] as const);
    this.known.set(tensors[0]!, { bound, inputs: tensors, outputs: made });
  }
}

/** Nothing where one of them goes with the pass. */
function keptTensors(inputs: readonly Value[], values: Values): readonly RuntimeTensor[] | undefined {
  const tensors = inputs.map((input) => values.get(input));
  const isKept = (tensor: DeviceTensor | undefined): tensor is RuntimeTensor =>
    tensor instanceof RuntimeTensor && tensor.isKept;
  return tensors.length > 0 && tensors.every(isKept) ? tensors : undefined;
}
