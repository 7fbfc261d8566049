import type { Architecture } from "../../architecture/architecture";
import type { Graph } from "../../graph/graph";
import { languageModelParts } from "../encoders/language-model-parts";
import { type Qwen3Config, qwen3, qwen3States } from "../encoders/qwen3";

/** The states of Qwen3 that the models were trained on, as `hidden_states` of transformers counts them. */
export const TAPS: readonly number[] = [9, 18, 27];

/**
 * Qwen3 with states of several layers for each token: `taps` gives those that the models were trained on and ends
 * there, `states` gives all. A model that has not so many layers has the former's last state in place of what it lacks.
 */
export const qwen3Taps: Architecture<Qwen3Config> = {
  className: qwen3.className,
  file: qwen3.file!,
  parse: qwen3.parse,
  entries: { taps, states },
  float32: () => languageModelParts,
};

/** Inputs as `qwen3States`. Output: `hidden` `[B, T, 3 hidden_size]`, layer by layer. */
function taps(g: Graph, config: Qwen3Config): void {
  const found = TAPS.map((tap) => Math.min(tap, config.num_hidden_layers));
  const states = qwen3States(g, config, Math.max(...found));
  g.output(
    "hidden",
    g.concat(
      found.map((tap) => states[tap]!),
      2,
    ),
  );
}

/** Inputs as `qwen3States`. Outputs: `state_0`, the embeddings, to the normalized state behind the last layer. */
function states(g: Graph, config: Qwen3Config): void {
  for (const [k, state] of qwen3States(g, config, config.num_hidden_layers).entries()) g.output(`state_${k}`, state);
}
