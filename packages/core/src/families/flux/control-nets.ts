import { controlNetUnfit } from "../../errors/pipeline";
import { type ControlNet, type ControlNetKind, controlNetsIn, type JoinedConfigs } from "../../loop/control-nets";
import type { Configs, SettingProblem } from "../../loop/family";
import type { JsonObject } from "../../schema/json";
import type { Shapes } from "../../weights/single-file/recipe";
import { otherNets } from "../control/other-nets";
import { type FluxControlNetConfig, fluxControlNet } from "./control-net";
import { blocksConfig } from "./files";
import type { FluxConfig } from "./model";
import type { FluxControlSettings } from "./settings";

const { className } = fluxControlNet;
const title = "FLUX.1";

/** ControlNets of FLUX.1, those of several kinds of pictures as well. */
export const fluxControlNets: ControlNetKind = {
  pipelines: ["FluxControlNetPipeline", "FluxControlNetImg2ImgPipeline", "FluxControlNetInpaintPipeline"],
  classes: { [className]: { architecture: fluxControlNet, entry: "forward" } },
  file: { kind: "model", library: "diffusers", className, others: otherNets(title), config: configOf },
  smallest: ({ out_channels: _, ...config }) => ({
    ...config,
    ...{ _class_name: className, num_layers: 1, num_single_layers: 1 },
  }),
  join,
};

function configOf(shapes: Shapes): JsonObject {
  const modes = shapes.get("controlnet_mode_embedder.weight");
  return { ...blocksConfig(shapes), _class_name: className, ...(modes ? { num_mode: modes[0]! } : {}) };
}

const alike = [
  ...["in_channels", "attention_head_dim", "num_attention_heads", "joint_attention_dim", "pooled_projection_dim"],
  "axes_dims_rope",
] as readonly (keyof FluxConfig)[];

function join({ transformer }: Configs, nets: readonly ControlNet[]): JoinedConfigs {
  const model = transformer as FluxConfig;
  const configs = nets.map(({ config, path }) => {
    const net = config as FluxControlNetConfig;
    const different = alike.find((key) => String(net[key]) !== String(model[key]));
    if (different)
      throw controlNetUnfit(path, title, `its "${different}" must be ${model[different]}, found ${net[different]}`);
    return net;
  });
  const [first] = configs as [FluxControlNetConfig];
  for (const [i, net] of configs.entries())
    for (const key of ["num_layers", "num_single_layers"] as const)
      if (net[key] !== first[key])
        throw controlNetUnfit(
          nets[i]!.path,
          title,
          `beside ${nets[0]!.path} its "${key}" must be ${first[key]}, found ${net[key]}: what they give is added up`,
        );
  return {
    denoiser: { ...model, steered: { double: first.num_layers, single: first.num_single_layers } },
    nets: configs,
  };
}

/** What is wrong with `control_mode`: nets of several kinds of pictures must be told which one theirs is. */
export function modeProblems(configs: Configs, { control_mode }: FluxControlSettings): SettingProblem[] {
  const names = controlNetsIn(Object.keys(configs));
  const problem = (text: string): SettingProblem[] => [{ key: "control_mode", text }];
  if (names.length === 0)
    return control_mode === undefined ? [] : problem("is for ControlNets, and the config has none");
  const modes = Array.isArray(control_mode) ? control_mode : names.map(() => control_mode ?? null);
  if (modes.length !== names.length) return problem(`must be one number or one for each net, found ${modes.length}`);
  return names.flatMap((name, i) => {
    const { num_mode } = configs[name] as FluxControlNetConfig;
    const mode: number | null = modes[i];
    if (num_mode === null || (mode !== null && mode < num_mode)) return [];
    return problem(`must be 0 to ${num_mode - 1} for ${name}, found ${mode}`);
  });
}
