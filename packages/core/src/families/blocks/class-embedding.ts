import type { Graph } from "../../graph/graph";
import { embedding } from "../../graph/layers";
import type { Value } from "../../graph/value";
import type { Activation } from "./activation";
import { embedCondition } from "./timestep-embedding";

/** How a U-Net is told of a class, as config.json has it. */
export interface ClassOptions {
  readonly class_embed_type: "timestep" | null;
  readonly num_class_embeds: number | null;
}

/**
 * Declares the input `class_labels` and embeds it: int64 `[B]` looked up in a table of `num_class_embeds` rows, or with
 * `timestep` float32 `[B]` embedded as a timestep is. g is the model's scope.
 * @param time how timesteps are embedded: `waves` makes sinusoids of `[B]`, `width` is that of the embedding
 * @returns `[B, width]`, to be added to the timestep embedding; nothing when the model has no classes
 */
export function classEmbedding(
  g: Graph,
  { class_embed_type, num_class_embeds }: ClassOptions,
  time: { readonly waves: (t: Value) => Value; readonly width: number; readonly activation: Activation },
  batch: Value["shape"][number],
): Value | undefined {
  if (class_embed_type === "timestep") {
    const waves = time.waves(g.steadyInput("class_labels", [batch]));
    return embedCondition(g.scope("class_embedding"), waves, time.width, { activation: time.activation });
  }
  if (num_class_embeds === null) return undefined;
  return embedding(g, "class_embedding", g.steadyInput("class_labels", [batch], "int64"), num_class_embeds, time.width);
}
