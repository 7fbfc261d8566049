import type { Architecture } from "../../architecture/architecture";
import { count, layerCount, most } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { size, times } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { linear } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { flag, integer, list, number, supported } from "../../schema/option";
import type { ModelFile } from "../../weights/single-file/model-file";
import {
  type BlockContext,
  block,
  embedPicture,
  hintName,
  PATCH,
  refine,
  refinedCaption,
  type ZImageConfig,
  zImageInputs,
} from "./model";

/** `config.json` of ZImageControlNetModel. */
interface OwnConfig {
  /** Layers of the transformer behind which what each control layer gives is added. */
  readonly control_layers_places: readonly number[];
  /** The same of the transformer's noise refiner, in the net's own run of it. */
  readonly control_refiner_layers_places: readonly number[] | null;
  /** Channels of the picture's latents, with zeros behind them. */
  readonly control_in_dim: number;
  /** What refines the picture: blocks that see it alone (null), the control layers, or blocks like these. */
  readonly add_control_noise_refiner: "control_layers" | "control_noise_refiner" | null;
  readonly dim: number;
  readonly n_refiner_layers: number;
  readonly n_heads: number;
  readonly n_kv_heads: number;
  readonly norm_eps: number;
  readonly qk_norm: boolean;
  readonly all_patch_size: readonly number[];
  readonly all_f_patch_size: readonly number[];
}

/** With the transformer's, whose embedders and refiners it runs. */
export interface ZImageControlNetConfig extends OwnConfig {
  readonly transformer?: ZImageConfig;
}

const CLASS = "ZImageControlNetModel";

const places = (given: readonly number[]) =>
  ({
    ...list(given, integer(undefined, { minimum: 0, maximum: most.layers }), { maxItems: most.layers }),
    uniqueItems: true,
  }) as const;
const patches = (patch: number) => list([patch], { const: patch }, { minItems: 1, maxItems: 1 });

const parse = defineConfig<OwnConfig>(CLASS, {
  control_layers_places: { ...places([0, 5, 10, 15, 20, 25]), contains: { const: 0 } },
  control_refiner_layers_places: { ...places([]), type: ["array", "null"], default: null },
  control_in_dim: count(16, most.channels),
  add_control_noise_refiner: supported(null, "control_layers", "control_noise_refiner"),
  dim: count(3840),
  n_refiner_layers: layerCount(2),
  n_heads: count(30),
  n_kv_heads: count(30),
  norm_eps: number(1e-5),
  qk_norm: flag(true),
  all_patch_size: patches(PATCH),
  all_f_patch_size: patches(1),
});

/** Files name tensors as diffusers does. */
const file: ModelFile = { mark: /^control_all_x_embedder\.2-1\.weight$/, prefixes: [], layouts: [] };

/**
 * A ControlNet for Z-Image, https://huggingface.co/alibaba-pai/Z-Image-Turbo-Fun-Controlnet-Union. Its embedders and
 * refiners are the transformer's.
 */
export const zImageControlNet: Architecture<ZImageControlNetConfig> = {
  className: CLASS,
  file,
  parse,
  withoutEffect: ({ add_control_noise_refiner: refiner }) =>
    refiner === "control_layers" ? /^control_noise_refiner\./ : /^$/,
  entries: { forward },
};

/** Tensors that are the transformer's. */
export const sharedTensors =
  /^((t_embedder|all_x_embedder|cap_embedder|noise_refiner|context_refiner)\.|(x|cap)_pad_token$)/;

/**
 * Shapes and inputs: those of ZImageTransformer2DModel, and `control` `[1, control_in_dim, 2h, 2w]`, the picture's
 * latents; `strength` `[1]`. Outputs: `hint.0`, ... `[B, T, dim]`, by the layer of the transformer.
 */
function forward(g: Graph, config: ZImageControlNetConfig): void {
  const { control_in_dim, control_layers_places, control_refiner_layers_places, n_refiner_layers } = config;
  const transformer = config.transformer!; // joined before a graph is built
  const inputs = zImageInputs(g, transformer);
  const sides = [times(size("h"), PATCH), times(size("w"), PATCH)];
  const picture = g.steadyInput("control", [1, control_in_dim, ...sides]);
  const strength = g.input("strength", [1]);

  let x = embedPicture(g, "all_x_embedder", inputs.latents, inputs);
  let control = embedPicture(g, "control_all_x_embedder", picture, inputs); // [B, X, dim]
  const lists = { control_layers: control_layers_places.length, control_noise_refiner: n_refiner_layers };
  const refiner = config.add_control_noise_refiner;
  let hints: readonly Value[] = [];
  if (refiner) ({ control, hints } = controlBlocks(g, refiner, lists[refiner], { control, x }, inputs.ofImage));
  for (let i = 0; i < n_refiner_layers; i++) {
    x = refine(g, `noise_refiner.${i}`, x, inputs.ofImage);
    const hint = hints[control_refiner_layers_places?.indexOf(i) ?? -1];
    if (hint) x = g.add(x, g.mul(hint, strength));
  }
  const caption = refinedCaption(g, inputs);
  if (!refiner)
    for (let i = 0; i < n_refiner_layers; i++)
      control = refine(g, `control_noise_refiner.${i}`, control, inputs.ofImage);

  const joined = { control: g.concat([control, caption], 1), x: g.concat([x, caption], 1) }; // [B, T, dim]
  const steering = controlBlocks(g, "control_layers", control_layers_places.length, joined, inputs.ofBoth);
  for (const [i, hint] of steering.hints.entries())
    g.output(hintName(control_layers_places[i]!), g.mul(hint, strength));
}

/** Blocks over the picture's tokens, the first of which sees the model's own, and what each gives. */
function controlBlocks(
  g: Graph,
  list: string,
  count: number,
  { control: given, x }: { readonly control: Value; readonly x: Value },
  context: BlockContext,
): { readonly control: Value; readonly hints: readonly Value[] } {
  const { dim } = context.config;
  const hints: Value[] = [];
  let control = given;
  for (let i = 0; i < count; i++) {
    const inner = g.scope(`${list}.${i}`);
    if (i === 0) control = inner.add(linear(inner, "before_proj", control, dim), x);
    control = block(inner, control, context);
    hints.push(linear(inner, "after_proj", control, dim));
  }
  return { control, hints };
}
