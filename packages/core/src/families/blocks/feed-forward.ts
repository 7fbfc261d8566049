import type { Graph } from "../../graph/graph";
import { linear } from "../../graph/layers";
import type { Value } from "../../graph/value";
import type { OptionSchema } from "../../schema/option";

/** The first layer of a feed-forward network by diffusers' names: `[B, T, D]` to `[B, T, N]`. */
export type FeedForwardActivation = keyof typeof activations;

type Activate = (g: Graph, x: Value) => Value;

const plain =
  (activate: Activate) =>
  (g: Graph, x: Value, width: number): Value =>
    activate(g, linear(g, "net.0.proj", x, width));

/** Half of the features pass, scaled by the other half; https://arxiv.org/abs/2002.05202. */
const gated =
  (activate: Activate) =>
  (g: Graph, x: Value, width: number): Value => {
    const [passed, gate] = g.chunk(linear(g, "net.0.proj", x, 2 * width), 2, 2) as [Value, Value];
    return g.mul(passed, activate(g, gate));
  };

const activations = {
  gelu: plain((g, x) => g.gelu(x)),
  "gelu-approximate": plain((g, x) => g.gelu(x, "tanh")),
  geglu: gated((g, x) => g.gelu(x)),
  "geglu-approximate": plain((g, x) => g.quickGelu(x)), // not gated, whatever its name says
  swiglu: gated((g, x) => g.silu(x)),
  "linear-silu": plain((g, x) => g.silu(x)),
};

/** Schema of `activation_fn`. */
export function feedForwardOption(value: FeedForwardActivation): OptionSchema<FeedForwardActivation> {
  return { enum: Object.keys(activations), default: value };
}

/** Two layers, four times as wide in between; g is the module's scope. @param x `[B, T, D]` @returns `[B, T, D]` */
export function feedForward(g: Graph, x: Value, activation: FeedForwardActivation = "gelu-approximate"): Value {
  const width = x.shape.at(-1) as number;
  const output = linear(g, "net.2", activations[activation](g, x, 4 * width), width);
  g.tap(output);
  return output;
}
