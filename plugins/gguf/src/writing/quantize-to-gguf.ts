import { open } from "node:fs/promises";
import { type QuantizeRequest, type QuantizeResult, sizeOf } from "@skipstep/core/plugin";
import { isPacked } from "../container/header";
import { optionWrong } from "../errors";
import { architectureOf } from "./architectures";
import { calibratedImportance } from "./calibrate";
import { headerBytes } from "./header-bytes";
import { type Importance, importanceOf, readImportance } from "./importance";
import type { GgufWriteOptions } from "./options";
import { type PlannedTensor, planTensors } from "./plan";
import { addErrors, noError, type RoundingError } from "./round-chunk";
import { RoundingThreads } from "./rounding-threads";
import { parseRule } from "./rules";
import { summarize } from "./summary";
import { WriteQueue } from "./write-queue";
import { writeTensor } from "./write-tensor";
import { fileTypeOf, writtenTypeNamed } from "./written-types";

/** Weights in blocks from which on threads are started: two seconds of work. */
const threadsFrom = 2 ** 23;

/**
 * Writes a component as a GGUF file of version 3, under the names that diffusers has.
 * @throws SKIPSTEP_GGUF_OPTION, SKIPSTEP_GGUF_IMPORTANCE, the signal's reason, and what the system does
 */
export async function quantizeToGguf(request: QuantizeRequest<GgufWriteOptions>): Promise<QuantizeResult> {
  const { component, weights, options, signal, onProgress } = request;
  const type = writtenTypeNamed(options.type)!;
  const rules = options.rules.map(parseRule);
  const importance = await importanceFor(request);
  const tensors = planTensors(weights, type, rules);
  const total = tensors.reduce((sum, { entry }) => sum + sizeOf(entry.shape), 0);
  const values = {
    "general.architecture": { text: architectureOf(component.className, component.config) },
    "general.quantization_version": { u32: 2 },
    "general.file_type": { u32: fileTypeOf(type.name) },
  };
  const infos = tensors.map(({ entry, type: { id }, offset }) => ({
    name: entry.name,
    shape: entry.shape,
    id,
    offset,
  }));
  const file = await open(request.file, "wx");
  const threads = packedElements(tensors) < threadsFrom ? undefined : new RoundingThreads();
  try {
    await file.appendFile(headerBytes(values, infos));
    // One more than there are threads, so that none waits for its next rows.
    const queue = new WriteQueue(file, threads ? threads.count + 1 : 0);
    const errors = new Map<PlannedTensor, RoundingError>();
    let done = 0;
    for (const tensor of tensors) {
      onProgress(tensor.entry.name, done, total);
      errors.set(tensor, noError);
      await writeTensor(queue, weights, tensor, {
        importance: isPacked(tensor.type) ? importance.of(tensor.entry) : undefined,
        threads,
        signal,
        onWritten(count, error) {
          errors.set(tensor, addErrors(errors.get(tensor)!, error));
          done += count;
          onProgress(tensor.entry.name, done, total);
        },
      });
    }
    await queue.drain();
    await file.sync();
    return summarize(tensors, errors, rules, importance);
  } finally {
    await threads?.close();
    await file.close();
  }
}

function packedElements(tensors: readonly PlannedTensor[]): number {
  return tensors.reduce((sum, { entry, type }) => sum + (isPacked(type) ? sizeOf(entry.shape) : 0), 0);
}

function importanceFor(request: QuantizeRequest<GgufWriteOptions>): Importance | Promise<Importance> {
  const { calibrate, importance } = request.options;
  if (calibrate && importance !== "")
    throw optionWrong(
      "Importance comes from a file or from calibration, and both are asked for",
      "Leave one of them out.",
    );
  if (calibrate) return calibratedImportance(request);
  return importance === "" ? importanceOf("none", new Map()) : readImportance(importance);
}
