import type { Node } from "./value";

/** A module that does not come apart: `layers.3`, `down_blocks.0.resnets.1`, `conv_out`. */
const module = /^[^.]+(\.\d+(\.[a-z_]+\.\d+)?)?/;

/** The module that a node belongs to; `""` where it lies in none. */
export function moduleOf({ scope }: Pick<Node, "scope">): string {
  return module.exec(scope)?.[0] ?? "";
}
