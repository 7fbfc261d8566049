import { list } from "../../errors/nearest";
import type { DiffusionPrediction } from "../../schedulers/prediction";
import type { Note } from "../../weights/checkpoint/note";
import type { StoredFile } from "../../weights/single-file/stored-file";
import type { TrainedNoise } from "../../weights/single-file/trained-noise";

/** Tensors that say something by being there, or by their few numbers. */
export const markTensors: readonly string[] = [
  "v_pred",
  "ztsnr",
  "edm_vpred.sigma_max",
  "edm_vpred.sigma_min",
  "edm_mean",
  "edm_std",
  "global_step",
];

/** One thing that a file says, and where. */
interface Said<Value> {
  readonly value: Value;
  /** `tensor v_pred`, `modelspec.prediction_type` */
  readonly from: string;
}

/** CosXL's, where the file is not here yet, and for files without the lower end. */
const cosXl = { sigmaMin: 0.002, sigmaMax: 120 };

/** Spellings, without case and all that is no letter or digit. */
const spellings: Readonly<Record<DiffusionPrediction, readonly string[]>> = {
  epsilon: ["epsilon", "eps", "epsprediction", "epsilonprediction", "noise"],
  v_prediction: ["v", "vpred", "vprediction", "vparameterization", "velocity"],
  sample: ["sample", "x0", "originalsample", "xstart"],
};

/** Keys of headers that name the prediction: ModelSpec's, ComfyUI's, and others'. The first counts most. */
const predictionKeys = ["modelspec.prediction_type", "modelspec.predict_key", "prediction_type"];

/** Keys that say of v-prediction, or of zero terminal SNR, that it is so or not: kohya's, and the tensors' names. */
const velocityKeys = ["ss_v_parameterization", "v_pred"];
const zeroSnrKeys = ["ss_zero_terminal_snr", "ztsnr"];

/** ModelSpec's architectures whose names tell it. */
const architectures: readonly (readonly [pattern: RegExp, type: DiffusionPrediction])[] = [
  [/^stable-diffusion-v2-768-v/, "v_prediction"],
  [/^stable-diffusion-v2-512/, "epsilon"],
];

/** Steps of training of Stable Diffusion 2's published files. */
const steps: Readonly<Record<number, DiffusionPrediction>> = {
  875000: "epsilon",
  220000: "epsilon",
  110000: "v_prediction",
  140000: "v_prediction",
};

/**
 * Reads marks of fine-tunes: tensors that hold little or nothing, and the header. Tensors count more than the header, as
 * programs that know no header go by them; what contradicts is warned of.
 * @param file name for the notes
 */
export function noiseMarks(file: string, stored: StoredFile): TrainedNoise {
  const notes: Note[] = [];
  const predictions = [...ofTensors(stored), ...ofHeader(file, stored, notes), ...ofSteps(stored)];
  const [prediction] = predictions;
  const edm = stored.shapes.has("edm_vpred.sigma_max") ? edmOf(stored) : undefined;
  const zeroSnr = edm ? undefined : zeroSnrOf(stored);

  if (prediction) {
    const against = predictions.filter(({ value }) => value !== prediction.value);
    notes.push(concluded(file, `prediction type ${prediction.value}`, prediction.from));
    if (against.length > 0) notes.push(contradiction(file, prediction, against));
  }
  if (edm)
    notes.push(
      concluded(file, `EDM noise levels from ${edm.sigmaMax} to ${edm.sigmaMin}`, "tensor edm_vpred.sigma_max"),
    );
  else if (stored.shapes.has("edm_vpred.sigma_min"))
    notes.push(warning(file, "tensor edm_vpred.sigma_min had no effect: there is no edm_vpred.sigma_max"));
  if (zeroSnr) notes.push(concluded(file, "zero terminal SNR", zeroSnr.from));
  if (zeroSnr && (prediction?.value ?? "epsilon") === "epsilon")
    notes.push(
      warning(
        file,
        `${zeroSnr.from} says zero terminal SNR, which a model that predicts epsilon cannot follow: the first step has nothing to go by. If it predicts v, set "scheduler": { "prediction_type": "v_prediction" }`,
      ),
    );
  return { predictionType: prediction?.value, isZeroSnr: zeroSnr !== undefined, edm, notes };
}

function ofTensors({ shapes }: StoredFile): Said<DiffusionPrediction>[] {
  return ["edm_vpred.sigma_max", "v_pred"].flatMap((tensor) =>
    shapes.has(tensor) ? [{ value: "v_prediction" as const, from: `tensor ${tensor}` }] : [],
  );
}

function ofHeader(file: string, { metadata }: StoredFile, notes: Note[]): Said<DiffusionPrediction>[] {
  const named = predictionKeys.flatMap((key): Said<DiffusionPrediction>[] => {
    const text = textOf(metadata[key]);
    if (text === undefined) return [];
    const value = predictionNamed(text);
    if (value) return [{ value, from: key }];
    notes.push(warning(file, `${key} is "${text}", which is not known and had no effect`));
    return [];
  });
  const flags = velocityKeys.flatMap((key): Said<DiffusionPrediction>[] => {
    const flag = flagOf(metadata, key);
    return flag === undefined ? [] : [{ value: flag ? "v_prediction" : "epsilon", from: key }];
  });
  const architecture = textOf(metadata["modelspec.architecture"])?.toLowerCase() ?? "";
  const known = architectures.find(([pattern]) => pattern.test(architecture));
  return [...named, ...flags, ...(known ? [{ value: known[1], from: "modelspec.architecture" }] : [])];
}

/** PyTorch Lightning's checkpoints count their steps. */
function ofSteps(stored: StoredFile): Said<DiffusionPrediction>[] {
  const [count] = stored.numbers("global_step") ?? [];
  const value = count === undefined ? undefined : steps[count];
  return value ? [{ value, from: "tensor global_step" }] : [];
}

function zeroSnrOf({ shapes, metadata }: StoredFile): Said<true> | undefined {
  if (shapes.has("ztsnr")) return { value: true, from: "tensor ztsnr" };
  const key = zeroSnrKeys.find((name) => flagOf(metadata, name) === true);
  return key === undefined ? undefined : { value: true, from: key };
}

function edmOf(stored: StoredFile): TrainedNoise["edm"] {
  const [sigmaMax = cosXl.sigmaMax] = stored.numbers("edm_vpred.sigma_max") ?? [];
  const [sigmaMin = cosXl.sigmaMin] = stored.numbers("edm_vpred.sigma_min") ?? [];
  return { sigmaMin: plain(sigmaMin), sigmaMax: plain(sigmaMax) };
}

/** The number that somebody wrote down before it became a float32: 0.002. */
function plain(value: number): number {
  return Number(value.toPrecision(7));
}

function predictionNamed(text: string): DiffusionPrediction | undefined {
  const bare = text.toLowerCase().replace(/[^a-z0-9]/g, "");
  const types = Object.keys(spellings) as DiffusionPrediction[];
  return types.find((type) => spellings[type].includes(bare));
}

/** A header's values are texts, and `None` stands for none. */
function textOf(value: unknown): string | undefined {
  const text = value === undefined || value === null ? "" : String(value).trim();
  return /^(none|null|)$/i.test(text) ? undefined : text;
}

/** A key without a value is a mark, too. */
function flagOf(metadata: StoredFile["metadata"], key: string): boolean | undefined {
  const value = metadata[key];
  if (value === "") return true;
  const text = textOf(value);
  if (text === undefined) return undefined;
  return !/^(false|0|no)$/i.test(text);
}

export function concluded(file: string, what: string, from: string): Note {
  return { kind: "conclusion", text: `${file}: ${what}, from ${from}.` };
}

export function warning(file: string, text: string): Note {
  return { kind: "warning", text: `${file}: ${text}.` };
}

function contradiction(
  file: string,
  taken: Said<DiffusionPrediction>,
  against: readonly Said<DiffusionPrediction>[],
): Note {
  const others = against.map(({ value, from }) => `${from} says ${value}`);
  const setting = `"scheduler": { "prediction_type": "${against[0]!.value}" }`;
  return warning(
    file,
    `${taken.from} says that the model predicts ${taken.value}, but ${list(others)}. It is taken as ${taken.value}; for the other, set ${setting}`,
  );
}
