import { controlNetUnfit } from "../../errors/pipeline";
import type { ControlNet, ControlNetKind, JoinedConfigs } from "../../loop/control-nets";
import type { Configs } from "../../loop/family";
import type { JsonObject } from "../../schema/json";
import { countOf } from "../../weights/single-file/count-of";
import type { Shapes } from "../../weights/single-file/recipe";
import { otherNets } from "../control/other-nets";
import { sharedTensors, type ZImageControlNetConfig, zImageControlNet } from "./control-net";
import { HEAD } from "./files";
import { PATCH, type ZImageConfig } from "./model";

const { className } = zImageControlNet;
const title = "Z-Image";
/** Layers of the transformers that nets were trained for: their control layers are spread evenly over them. */
const LAYERS = 30;

/** The ControlNet of Z-Image. */
export const zImageControlNets: ControlNetKind = {
  pipelines: ["ZImageControlNetPipeline", "ZImageControlNetInpaintPipeline"],
  classes: { [className]: { architecture: zImageControlNet, entry: "forward" } },
  file: { kind: "model", library: "diffusers", className, others: otherNets(title), config: configOf },
  smallest: ({ dim, n_heads, n_kv_heads, n_refiner_layers, in_channels, n_layers }) => ({
    ...{ _class_name: className, dim, n_heads, n_kv_heads, n_refiner_layers },
    control_in_dim: in_channels,
    control_layers_places: [0, Math.floor((n_layers as number) / 2)],
  }),
  shared: sharedTensors,
  join,
};

/** Channels of what is shown to nets that came after the first. */
const LATER_CHANNELS = 33;

/** Blocks that look at the picture before the control layers; in files of 2.0 they are there and were not trained. */
function refinerOf(
  shapes: Shapes,
  channels: number,
  isZero: (tensor: string) => boolean,
): ZImageControlNetConfig["add_control_noise_refiner"] {
  const first = "control_noise_refiner.0.before_proj.weight";
  if (shapes.has(first)) return isZero(first) ? "control_layers" : "control_noise_refiner";
  return channels === LATER_CHANNELS ? "control_layers" : null;
}

function configOf(shapes: Shapes, isZero: (tensor: string) => boolean = () => false): JsonObject {
  const [dim, features] = shapes.get(`control_all_x_embedder.${PATCH}-1.weight`) as [number, number];
  const layers = countOf(shapes, "control_layers.*");
  const channels = features / PATCH ** 2;
  const refiner = refinerOf(shapes, channels, isZero);
  const refiners = countOf(shapes, "control_noise_refiner.*") || 2;
  return {
    _class_name: className,
    dim,
    n_heads: dim / HEAD,
    n_kv_heads: dim / HEAD,
    control_in_dim: channels,
    control_layers_places: Array.from({ length: layers }, (_, i) => Math.floor((i * LAYERS) / layers)),
    control_refiner_layers_places: refiner ? Array.from({ length: refiners }, (_, i) => i) : [],
    n_refiner_layers: refiners,
    add_control_noise_refiner: refiner,
  };
}

const alike = ["dim", "n_heads", "n_kv_heads", "n_refiner_layers", "qk_norm"] as const;

function join({ transformer }: Configs, nets: readonly ControlNet[]): JoinedConfigs {
  const model = transformer as ZImageConfig;
  const [{ config, path }, second] = nets as [ControlNet, ControlNet?];
  const net = config as ZImageControlNetConfig;
  const unfit = (problem: string): Error => controlNetUnfit(path, title, problem);
  if (second) throw controlNetUnfit(second.path, title, "the model takes one, and the config names several");
  const different = alike.find((key) => net[key] !== model[key]);
  if (different) throw unfit(`its "${different}" must be ${model[different]}, found ${net[different]}`);
  if (net.control_in_dim < model.in_channels)
    throw unfit(`its "control_in_dim" must be at least ${model.in_channels}, found ${net.control_in_dim}`);
  if (net.control_layers_places[0] !== 0) throw unfit('its "control_layers_places" must begin with 0');
  const beyond = net.control_layers_places.find((layer) => layer >= model.n_layers);
  if (beyond !== undefined) throw unfit(`it steers layer ${beyond}, and the model has ${model.n_layers}`);
  return { denoiser: { ...model, steered: net.control_layers_places }, nets: [{ ...net, transformer: model }] };
}
