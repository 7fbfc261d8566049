import type { QuantizeRequest, QuantizeResult } from "@skipstep/core/plugin";
import { collectInputs, float16Code, type LinearInput } from "@skipstep/lowbit";
import { nothingToQuantize, patternUnused } from "../errors";
import { ownMetadata } from "../nunchaku/format";
import { packLayer, packVector } from "../nunchaku/layer";
import { groupSize } from "../nunchaku/order";
import { SkipPatterns } from "../patterns";
import { layerOf } from "../to-layer";
import { groupsOf } from "./groups";
import type { SvdQuantWriteOptions } from "./options";
import { planWriting, type WritePlan } from "./plan";
import { type MadeLayer, quantizeGroup } from "./quantize-group";
import { SafetensorsWriter } from "./safetensors-file";
import { type LayerNote, noteOf, summarize } from "./summary";

type Request = QuantizeRequest<SvdQuantWriteOptions>;

/** Bytes of a copied tensor that are in memory at once. */
const copyBytes = 64 * 2 ** 20;

/**
 * Writes a component in nunchaku's int4 layout, every layer under diffusers' name.
 * @throws SKIPSTEP_PLUGIN_OPTION, SKIPSTEP_SVDQUANT_NOTHING, the signal's reason, what making images throws
 */
export async function quantizeToSvdQuant(request: Request): Promise<QuantizeResult> {
  const { component, weights, options, signal, onProgress } = request;
  const skip = new SkipPatterns(options.skip);
  const plan = planWriting(weights, skip, options.rank);
  if (plan.layers.length === 0) throw nothingToQuantize(component.className);
  const { inputs, warnings } = await calibration(request, plan);
  const writer = await SafetensorsWriter.create(request.file, plan.tensors, metadataOf(request, plan));
  try {
    const notes: LayerNote[] = [];
    for (const group of groupsOf(plan.layers, inputs)) {
      onProgress(group.layers[0]!.name, notes.length, plan.layers.length);
      for await (const layer of quantizeGroup(group, weights, options, signal)) {
        await writeLayer(writer, request, layer);
        notes.push(noteOf(layer));
        onProgress(layer.layer.name, notes.length, plan.layers.length);
      }
    }
    await copyPlain(writer, request, plan);
    await writer.finish();
    const unused = skip.unused.map(patternUnused);
    return summarize(options, plan, notes, [...warnings, ...fewTokens(inputs, options), ...unused]);
  } finally {
    await writer.close();
  }
}

/** What the layers are given while a few images are made; nothing for a component that comes alone, or draws nothing. */
async function calibration(
  { config, images, component, options, signal, onProgress }: Request,
  { layers }: WritePlan,
): Promise<{ readonly inputs: readonly LinearInput[]; readonly warnings: readonly string[] }> {
  const wanted = new Set(layers.map(({ weight }) => weight.name));
  const steps = options.steps === 0 ? {} : { num_inference_steps: options.steps };
  const inputs = config
    ? await collectInputs({
        config,
        images: images().map((image) => ({ ...image, ...steps })),
        wanted: (weight) => weight.component === component.name && wanted.has(weight.name),
        tokens: options.tokens,
        signal,
        onProgress: (done, of) => onProgress("images to calibrate with", done, of),
      })
    : [];
  const seen = new Set(inputs.flatMap(({ names }) => names));
  const missing = layers.filter(({ weight }) => !seen.has(weight.name));
  if (missing.length === 0) return { inputs, warnings: [] };
  const who = missing.length === layers.length ? "No layer" : `"${missing[0]!.name}" and ${missing.length - 1} others`;
  const why = config ? "the images that were made did not use them" : "a component alone makes no images";
  return {
    inputs,
    warnings: [
      missing.length === layers.length
        ? `${who} was calibrated, so that inputs are not smoothed: ${why}. Give a config or a whole model.`
        : `${who} were not calibrated, so that their inputs are not smoothed: ${why}.`,
    ],
  };
}

async function writeLayer(writer: SafetensorsWriter, { weights }: Request, { layer, made }: MadeLayer): Promise<void> {
  const { name, bias } = layer;
  const packed = packLayer(layerOf(made));
  await writer.write(`${name}.qweight`, packed.qweight);
  await writer.write(`${name}.wscales`, halves(packed.wscales));
  await writer.write(`${name}.smooth_factor`, halves(packed.smooth));
  await writer.write(`${name}.proj_down`, halves(packed.down));
  await writer.write(`${name}.proj_up`, halves(packed.up));
  if (bias) await writer.write(`${name}.bias`, halves(packVector(weights.readFloat32(bias.name), 0)));
}

function halves(values: Float32Array): Uint8Array {
  return new Uint8Array(Uint16Array.from(values, float16Code).buffer);
}

async function copyPlain(writer: SafetensorsWriter, { weights, signal }: Request, { plain }: WritePlan): Promise<void> {
  for (const { name, shape, byteLength } of plain) {
    const rows = shape[0] ?? 1;
    if (byteLength === 0) continue;
    const rowBytes = byteLength / rows;
    const step = Math.max(1, Math.floor(copyBytes / rowBytes));
    for (let row = 0; row < rows; row += step) {
      signal.throwIfAborted();
      await writer.write(name, weights.readRows(name, row, Math.min(step, rows - row)), row * rowBytes);
    }
  }
}

/** What nunchaku's loaders ask for, and the sizes of layers that are filled up. */
function metadataOf({ component, options }: Request, { layers }: WritePlan): Record<string, string> {
  const int4 = { dtype: "int4", scale_dtype: null, group_size: groupSize };
  const filled = layers.filter(({ weight }) => weight.shape.some((dim) => dim % 128 !== 0));
  const sizes = Object.fromEntries(filled.map(({ name, weight }) => [name, weight.shape]));
  return {
    config: JSON.stringify(component.config),
    model_class: component.className,
    quantization_config: JSON.stringify({ method: "svdquant", weight: int4, activation: int4, rank: options.rank }),
    [ownMetadata]: JSON.stringify({ version: 1, sizes }),
  };
}

/** GPTQ fits what it sees: with hardly more tokens than a layer has inputs, that is all it fits. */
function fewTokens(inputs: readonly LinearInput[], { gptq }: SvdQuantWriteOptions): string[] {
  const few = inputs.find(({ columns, rows }) => rows.length < 4 * columns * columns);
  if (!gptq || !few) return [];
  const { columns, rows, names } = few;
  return [
    `GPTQ saw ${rows.length / columns} tokens of "${names[0]}", which has ${columns} inputs: it may do harm. Make more images, or set tokens to ${4 * columns} or more.`,
  ];
}
