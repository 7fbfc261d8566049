import type { Precision } from "../compiler/lower-precision";
import { formsOn } from "../compiler/providers/choose-forms";
import { countFallback, type Fallback } from "../compiler/providers/fallback-counts";
import type { FormsOf } from "../compiler/providers/forms";
import { precisionOn } from "../compiler/providers/precision";
import type { Runtime } from "../runtime/runtime";
import type { BuiltModel } from "./build-model";

/** A model with all that its devices decide. */
export interface FittedModel extends BuiltModel {
  /** Of 16 bits; float32 without it. */
  readonly precision: Precision | undefined;
  readonly formsOf: FormsOf;
  readonly fallback: Fallback | undefined;
}

/**
 * Tries what a model's segments need on their devices.
 * @throws SKIPSTEP_DTYPE_UNSUPPORTED, SKIPSTEP_PROVIDER_KERNEL
 */
export async function fitModel(model: BuiltModel, runtime: Runtime): Promise<FittedModel> {
  const { name, source, graph, plan, dtype } = model;
  const devices = model.devices.map((device = runtime.provider) => device);
  const float32 = source.model.architecture.float32?.(source.config) ?? [];
  const precision = dtype === "float32" ? undefined : precisionOn(devices, { component: name, dtype, float32 });
  const formsOf = await formsOn(runtime, { name, segments: plan.segments, devices, precision });
  const { emitterOf } = graph.hooks;
  const fallback = countFallback(plan.segments, devices, formsOf, { folds: precision === undefined, emitterOf });
  return { ...model, precision, formsOf, fallback };
}
