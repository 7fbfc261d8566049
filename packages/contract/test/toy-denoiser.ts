import {
  type Architecture,
  attentionThenFeedForward,
  blockLists,
  count,
  defineConfig,
  type Graph,
  layerCount,
  linear,
  size,
  type Value,
} from "@skipstep/core/model";

export interface ToyConfig {
  readonly width: number;
  readonly layers: number;
}

const className = "ToyTransformer";

/** A denoiser of blocks with two linear layers each, `x + attn(x)` and then `x + ff(x)`. */
export const toyDenoiser: Architecture<ToyConfig> = {
  className,
  parse: defineConfig<ToyConfig>(className, { width: count(4), layers: layerCount(3) }),
  structure: ({ layers }) =>
    blockLists(className, [{ name: "blocks", count: layers, branches: () => attentionThenFeedForward("attn", "ff") }]),
  entries: { forward },
};

function forward(g: Graph, { width, layers }: ToyConfig): void {
  let hidden: Value = g.input("hidden_states", [size("B"), size("T"), width]);
  for (let i = 0; i < layers; i++)
    ({ hidden } = g.block(`blocks.${i}`, { hidden }, (block, streams) => {
      const attended = block.add(streams.hidden, linear(block, "attn", streams.hidden, width));
      return { hidden: block.add(attended, linear(block, "ff", attended, width)) };
    }));
  g.output("sample", hidden);
}
