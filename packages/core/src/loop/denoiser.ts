import { type TimeAhead, TimeValues } from "../program/time-values";
import type { DeviceTensor, Tensors } from "../runtime/device-tensor";
import { type Floats, floats, type Tensor } from "../tensor";
import type { Branch, Conditioning, FamilyParts, PassOptions } from "./family";
import { stack } from "./guidance";

/** Inputs of a denoiser by the names that its graph has for them. */
export type DenoiserInputs = Readonly<Record<string, Tensor>>;

/** What the timestep decides. */
export interface TimeInputs {
  /** The scheduler's, of this pass. */
  readonly timestep: number;
  /** Inputs that the graph declares with `timeInput`, at any of the generation's timesteps: `{ timestep: forRows(...) }`. */
  at(timestep: number): DenoiserInputs;
}

/** What one pass over the denoiser is given. */
export interface DenoiserPass {
  /** Of this step alone: latents. */
  readonly step: DenoiserInputs;
  /** What follows from the timestep: computed for all steps before the first, where the scheduler says them. */
  readonly time?: TimeInputs;
  /**
   * The same in every step of a generation, by all that they depend on: `{ "batch": ..., "32,32": ... }`. They are made
   * when a key is met first, and lie with the runtime until the generation ends.
   */
  readonly constants: Readonly<Record<string, () => DenoiserInputs>>;
  /** Made by another model in this step. */
  readonly made?: Tensors | undefined;
}

/** A family's denoiser, whose graph has the output `sample`; or a model that runs beside it at each step. */
export class Denoiser {
  /** By generation. */
  private readonly kept = new WeakMap<Conditioning, Map<string, Readonly<Record<string, DeviceTensor>>>>();
  private readonly times = new WeakMap<Conditioning, TimeValues>();

  /** @param component the denoiser's name: `transformer` */
  constructor(
    private readonly parts: Pick<FamilyParts, "runtime" | "programs">,
    private readonly component: string,
  ) {}

  /** One pass. @returns the output `sample` @param encoded the generation's own object, which its constant inputs hang on */
  async run(encoded: Conditioning, pass: DenoiserPass, options: PassOptions): Promise<Floats> {
    const { sample } = await this.outputs(encoded, pass, options);
    return (await sample!.read()) as Floats;
  }

  /** What its graph gives, where that is more than one tensor, or for another model. */
  async outputs(encoded: Conditioning, pass: DenoiserPass, options: PassOptions): Promise<Tensors> {
    const { step, time, constants, made } = pass;
    const inputs: Record<string, DeviceTensor> = { ...made };
    for (const [key, make] of Object.entries(constants)) Object.assign(inputs, this.constant(encoded, key, make));
    for (const [name, tensor] of Object.entries({ ...time?.at(time.timestep), ...step }))
      inputs[name] = this.parts.runtime.upload(tensor);
    const { timetable, ...rest } = options;
    return this.parts.programs[this.component]!.run(inputs, {
      ...rest,
      time: time && timetable?.coming && this.ahead(encoded, time, timetable.coming),
      onUnknownTime: () => timetable?.late.set(this.component, time ? "scheduler" : "pipeline"),
    });
  }

  private ahead(encoded: Conditioning, { timestep, at }: TimeInputs, coming: readonly number[]): TimeAhead {
    const values = this.times.get(encoded) ?? new TimeValues();
    this.times.set(encoded, values);
    return { values, timestep, coming, inputsAt: at, upload: (tensor) => this.parts.runtime.upload(tensor) };
  }

  private constant(
    encoded: Conditioning,
    key: string,
    make: () => DenoiserInputs,
  ): Readonly<Record<string, DeviceTensor>> {
    const kept = this.kept.get(encoded) ?? new Map<string, Readonly<Record<string, DeviceTensor>>>();
    this.kept.set(encoded, kept);
    const known =
      kept.get(key) ??
      Object.fromEntries(
        Object.entries(make()).map(([name, tensor]) => [name, this.parts.runtime.upload(tensor).keep()]),
      );
    kept.set(key, known);
    return known;
  }
}

/** What a pass holds, in the order of its rows: the prompt's part, then the negative prompt's. */
export function partsOf<Part>(branch: Branch, cond: Part, uncond: Part | undefined): readonly Part[] {
  return { batch: [cond, uncond!], cond: [cond], uncond: [uncond!] }[branch];
}

/** The latents of each of a pass's parts: both branches see the same. @param latents `[B, C, H, W]` @returns for `batch` `[2B, C, H, W]` */
export function branchLatents(branch: Branch, latents: Floats): Floats {
  return branch === "batch" ? stack([latents, latents]) : latents;
}

/** One number for each row of a pass: a timestep, a guidance strength. @returns `[rows]` */
export function forRows(rows: number, value: number): Floats {
  return floats([rows], new Float32Array(rows).fill(value));
}
