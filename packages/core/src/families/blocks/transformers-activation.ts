import type { Graph } from "../../graph/graph";
import type { Value } from "../../graph/value";
import type { OptionSchema } from "../../schema/option";

/** Activation functions by transformers' names. */
export type TransformersActivation = keyof typeof activations;

const activations = {
  gelu: (g: Graph, x: Value) => g.gelu(x),
  gelu_new: (g: Graph, x: Value) => g.gelu(x, "tanh"),
  gelu_pytorch_tanh: (g: Graph, x: Value) => g.gelu(x, "tanh"),
  quick_gelu: (g: Graph, x: Value) => g.quickGelu(x),
  relu: (g: Graph, x: Value) => g.relu(x),
  silu: (g: Graph, x: Value) => g.silu(x),
  swish: (g: Graph, x: Value) => g.silu(x),
};

export const transformersActivations = Object.keys(activations) as readonly TransformersActivation[];

/** Schema of `hidden_act`. */
export function hiddenActOption(value: TransformersActivation): OptionSchema<TransformersActivation> {
  return { enum: transformersActivations, default: value };
}

export function activateAs(g: Graph, activation: TransformersActivation, x: Value): Value {
  return activations[activation](g, x);
}
