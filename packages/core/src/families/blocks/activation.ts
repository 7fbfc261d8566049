import type { Graph } from "../../graph/graph";
import type { Value } from "../../graph/value";
import type { OptionSchema } from "../../schema/option";

/** Activation functions by diffusers' names. */
export type Activation = keyof typeof activations;

const activations = {
  silu: (g: Graph, x: Value) => g.silu(x),
  swish: (g: Graph, x: Value) => g.silu(x),
  gelu: (g: Graph, x: Value) => g.gelu(x),
  relu: (g: Graph, x: Value) => g.relu(x),
  mish: (g: Graph, x: Value) => g.node("Mish", [x], x.shape),
};

/** Schema of `act_fn`. */
export function activationOption(value: Activation): OptionSchema<Activation> {
  return { enum: Object.keys(activations), default: value };
}

/** An activation by its name in config.json, in the shape of `x`. */
export function activate(g: Graph, activation: Activation, x: Value): Value {
  return activations[activation](g, x);
}
