import { branchLatents, type DenoiserInputs, type DenoiserPass, forRows } from "../../loop/denoiser";
import type { Branch, Conditioning, FamilyParts, PassOptions } from "../../loop/family";
import type { Tensors } from "../../runtime/device-tensor";
import { type Floats, floats } from "../../tensor";
import { forBranches, OpenControlNets } from "../control/open-control-nets";
import { residualCount } from "./control-net";
import type { ControlNetConfig } from "./control-net-config";
import { residualName } from "./unet-2d-condition";
import type { UNet2DConditionConfig } from "./unet-2d-condition-config";

/** One pass over the U-Net, as far as its ControlNets see it. */
interface SteeredPass {
  /** `[B, C, h, w]`, one row an image. */
  readonly latents: Floats;
  readonly timestep: number;
  readonly branch: Branch;
  /** What the prompts of a branch come to. */
  readonly prompt: (branch: Branch) => DenoiserInputs;
}

/** What the nets of a generation are shown. */
export interface UNetControl {
  /** One a net, `[1, 3, H, W]`, 0..1. */
  readonly pictures: readonly Floats[];
  /** Whether only the prompt's branch is steered, and by other strengths. */
  readonly guess: boolean;
}

/** A generation that may be steered. */
interface Steered extends Conditioning {
  readonly control?: UNetControl;
}

/** The ControlNets of a U-Net, opened. */
export class UNetSteering {
  private readonly nets: OpenControlNets<ControlNetConfig, Floats>;

  constructor(
    parts: FamilyParts,
    private readonly unet: UNet2DConditionConfig,
  ) {
    this.nets = new OpenControlNets(parts);
  }

  /** @param pictures one a net, `[1, 3, H, W]`, -1..1 @param guess whether it was asked for */
  shown(pictures: readonly Floats[], guess: boolean): UNetControl {
    return {
      // Nets were trained on 0..1.
      pictures: pictures.map(({ shape, data }) =>
        floats(
          shape,
          data.map((x) => (x + 1) / 2),
        ),
      ),
      guess: guess || this.nets.configs[0]!.global_pool_conditions,
    };
  }

  /** What is added to what the U-Net's down layers and middle block give: zeros at a step that no net steers. */
  async residuals(
    encoded: Steered,
    pass: SteeredPass,
    options: PassOptions,
  ): Promise<Pick<DenoiserPass, "constants" | "made">> {
    const made = await this.made(encoded, pass, options);
    if (made) return { made, constants: {} };
    const { shape } = branchLatents(pass.branch, pass.latents);
    return { constants: { [`unsteered ${shape}`]: () => unsteered(this.unet, shape) } };
  }

  private async made(encoded: Steered, pass: SteeredPass, options: PassOptions): Promise<Tensors | undefined> {
    if (!encoded.control!.guess) return this.run(encoded, pass, options);
    if (pass.branch === "uncond") return undefined;
    const ofPrompt = await this.run(encoded, { ...pass, branch: "cond" }, options);
    return ofPrompt && pass.branch === "batch" ? forBranches(ofPrompt, [1, 0]) : ofPrompt;
  }

  private run(
    encoded: Steered,
    { latents, timestep, branch, prompt }: SteeredPass,
    options: PassOptions,
  ): Promise<Tensors | undefined> {
    const { pictures, guess } = encoded.control!;
    const sample = branchLatents(branch, latents);
    const time = { timestep, at: (t: number) => ({ timestep: forRows(sample.shape[0]!, t) }) };
    return this.nets.steer(encoded, pictures, options, ({ config, condition, strength }) => ({
      step: { sample, scales: scalesOf(config, strength, guess) },
      time,
      constants: { [branch]: () => prompt(branch), picture: () => ({ controlnet_cond: condition }) },
    }));
  }
}

/** What each residual is multiplied by; in guess mode a tenth for the first, and all of it for the last. */
function scalesOf({ unet, global_pool_conditions }: ControlNetConfig, strength: number, guess: boolean): Floats {
  const count = residualCount(unet);
  const isEven = !guess || global_pool_conditions;
  const share = (i: number): number => (isEven ? 1 : Math.fround(10 ** (i / (count - 1) - 1)));
  return floats(
    [count],
    Float32Array.from({ length: count }, (_, i) => share(i) * strength),
  );
}

/** Residuals that change nothing. @param shape of the latents, `[rows, C, h, w]` */
function unsteered(
  { block_out_channels, layers_per_block, downsample_padding }: UNet2DConditionConfig,
  [rows = 1, , height = 1, width = 1]: readonly number[],
): DenoiserInputs {
  const residuals: Record<string, Floats> = {};
  let [h, w, skip] = [height, width, 0];
  const give = (channels: number, name: number | "middle"): void => {
    residuals[residualName(name)] = floats([rows, channels, h, w]);
  };
  give(block_out_channels[0]!, skip++);
  const halved = downsample_padding === 0 ? Math.floor : Math.ceil;
  for (const [level, channels] of block_out_channels.entries()) {
    for (let layer = 0; layer < layers_per_block[level]!; layer++) give(channels, skip++);
    if (level === block_out_channels.length - 1) continue;
    [h, w] = [halved(h / 2), halved(w / 2)];
    give(channels, skip++);
  }
  give(block_out_channels.at(-1)!, "middle");
  return residuals;
}
