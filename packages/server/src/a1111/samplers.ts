import { unsupportedField } from "../http/api-error";
import type { ImageRequest } from "../jobs/image-request";
import type { ServedModel } from "../models/model-pool";

type Scheduler = NonNullable<ImageRequest["scheduler"]>;

/** A1111's names of what diffusers calls schedulers; https://huggingface.co/docs/diffusers/api/schedulers/overview has both. */
const samplers: Readonly<Record<string, Scheduler>> = {
  "DPM++ 2M": { type: "DPMSolverMultistepScheduler" },
  "DPM++ 2M SDE": { type: "DPMSolverMultistepScheduler", algorithm_type: "sde-dpmsolver++" },
  DPM2: { type: "KDPM2DiscreteScheduler" },
  "DPM2 a": { type: "KDPM2AncestralDiscreteScheduler" },
  Euler: { type: "EulerDiscreteScheduler" },
  "Euler a": { type: "EulerAncestralDiscreteScheduler" },
  Heun: { type: "HeunDiscreteScheduler" },
  LMS: { type: "LMSDiscreteScheduler" },
  DDIM: { type: "DDIMScheduler" },
  PLMS: { type: "PNDMScheduler" },
  UniPC: { type: "UniPCMultistepScheduler" },
  LCM: { type: "LCMScheduler" },
};

/** What solvers of noise need to follow a flow. */
const flow = { use_flow_sigmas: true, prediction_type: "flow_prediction" };

/** The same of flows. */
const flowSamplers: Readonly<Record<string, Scheduler>> = {
  "DPM++ 2M": { type: "DPMSolverMultistepScheduler", ...flow },
  "DPM++ 2M SDE": { type: "DPMSolverMultistepScheduler", algorithm_type: "sde-dpmsolver++", ...flow },
  Euler: { type: "FlowMatchEulerDiscreteScheduler" },
  Heun: { type: "FlowMatchHeunDiscreteScheduler" },
  UniPC: { type: "UniPCMultistepScheduler", ...flow },
};

/** How noise levels are spaced. */
const spacings: Readonly<Record<string, Readonly<Record<string, boolean>>>> = {
  automatic: {},
  karras: { use_karras_sigmas: true },
  exponential: { use_exponential_sigmas: true },
  beta: { use_beta_sigmas: true },
};

/** Name of a sampler that is the model's own. */
export const ownSampler = "Automatic";

/** A sampler that a model can use. */
export interface Sampler {
  readonly name: string;
  readonly scheduler: Scheduler;
}

export function samplersOf({ checked }: ServedModel): Sampler[] {
  const { family, schedulers } = checked.model;
  const usable = family.schedulers && schedulers.among(family.schedulers, family.unfitSchedulers);
  const isFlow = usable?.includes("FlowMatchEulerDiscreteScheduler") === true;
  return Object.entries(isFlow ? flowSamplers : samplers)
    .filter(([, { type }]) => usable === undefined || usable.includes(type))
    .map(([name, scheduler]) => ({ name, scheduler }));
}

export const spacingNames = Object.keys(spacings);

/** What A1111 multiplies a sampler's noise with: `eta` when nothing is said. It means nothing to the others. */
const usualEta: Readonly<Record<string, number>> = { "DPM++ 2M SDE": 1, "DPM2 a": 1, "Euler a": 1, DDIM: 0 };

/** @throws ApiError for another `eta` than the sampler's own */
export function checkEta(eta: unknown, sampler: unknown): void {
  if (eta === undefined || (typeof eta === "number" && Number.isFinite(eta) && eta >= 0 && isUsualEta(eta, sampler)))
    return;
  throw unsupportedField("eta", eta, "is not done here but for the sampler's own");
}

function isUsualEta(eta: number, sampler: unknown): boolean {
  const [name = ""] = split(sampler);
  const own = Object.entries(usualEta).find(([one]) => one.toLowerCase() === name.toLowerCase());
  return own === undefined || own[1] === eta;
}

/**
 * The scheduler of a sampler and a spacing, by A1111's names or diffusers' own.
 * @throws ApiError for those that the model cannot use
 */
export function schedulerOf(model: ServedModel, sampler: unknown, spacing: unknown): ImageRequest["scheduler"] {
  const [name, joined] = split(sampler);
  const spaced = String(spacing ?? joined ?? "automatic").toLowerCase();
  const options = spacings[spaced];
  if (!options) throw unsupportedField("scheduler", spacing, `must be one of ${spacingNames.join(", ")}`);
  const own = model.checked.config.scheduler ?? {};
  if (name === undefined || name === ownSampler) {
    const { type = model.checked.model.checkpoint.component("scheduler").className } = own;
    return Object.keys(options).length === 0 ? undefined : { ...own, type, ...options };
  }
  const found = samplersOf(model).find(
    (one) => one.name.toLowerCase() === name.toLowerCase() || one.scheduler.type === name,
  );
  if (found) return { ...found.scheduler, ...options };
  const names = samplersOf(model).map((one) => one.name);
  throw unsupportedField("sampler_name", sampler, `must be one of ${[ownSampler, ...names].join(", ")}`);
}

/** Older clients write both in one: `DPM++ 2M Karras`. */
function split(sampler: unknown): [name: string | undefined, spacing: string | undefined] {
  if (sampler === undefined || sampler === null || sampler === "") return [undefined, undefined];
  const [, name, spacing] = /^(.*?)(?: (Karras|Exponential))?$/.exec(String(sampler))!;
  return [name, spacing];
}
