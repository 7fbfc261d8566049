import { messageOf, SkipstepError } from "./error";
import { didYouMean, list } from "./nearest";

/** Type and shape of a tensor, as errors name it. */
export interface TensorForm {
  readonly dtype: string;
  readonly shape: readonly number[];
}

function form({ dtype, shape }: TensorForm): string {
  return `${dtype} [${shape.join(", ")}]`;
}

/** ONNX Runtime's message without the places in its C++ sources; the error's `cause` keeps those. */
export function said(message: string): string {
  return message.replace(/\/onnxruntime_src\/\S+:\d+ .*? was false\. /g, "").trim();
}

/** A number of threads that no machine runs. */
export function threadsInvalid(threads: unknown, most: number): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_REQUEST_THREADS",
    `threads must be an integer from 1 to ${most}, found ${String(threads)}. Leave it out for all cores.`,
  );
}

/** This machine, or this build of ONNX Runtime, cannot run on that execution provider. */
export function providerUnavailable(name: string, available: readonly string[], reason: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_PROVIDER_UNAVAILABLE",
    `Provider "${name}" is not available: ${said(reason).replace(/\.$/, "")}.${didYouMean(name, available)} Available here: ${list(available)}.`,
    { cause: reason },
  );
}

/** The worker thread is gone, or the runtime was closed. */
export function runtimeStopped(reason: string, cause?: unknown): SkipstepError {
  return new SkipstepError("SKIPSTEP_RUNTIME_STOPPED", `The runtime ${reason}. Open the pipeline again.`, { cause });
}

/** ONNX Runtime is not made for this platform. */
export function runtimeMissing(platform: string, platforms: readonly string[], cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_RUNTIME_MISSING",
    `onnxruntime-node has no build for ${platform}. It has: ${list(platforms)}. Use one of these, or build onnxruntime-node from its sources.`,
    { cause },
  );
}

/** ONNX Runtime's files for this platform are not there, or the system does not load them. */
export function runtimeUnloadable(platform: string, reason: string, remedy: string, cause: unknown): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_RUNTIME_UNLOADABLE",
    `onnxruntime-node cannot be loaded on ${platform}: ${said(reason).replace(/\.$/, "")}. ${remedy}`,
    { cause },
  );
}

/** The worker could not do what is not expected to fail: most likely there is no memory left. */
export function runtimeFailed(call: string, reason: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_RUNTIME_FAILED", `The runtime failed to ${call}: ${said(reason)}`, {
    cause: reason,
  });
}

/** ONNX Runtime cannot load a model. */
export function sessionFailed(path: string, reason: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_SESSION_FAILED",
    `${path} cannot be loaded: ${said(reason).replace(/\.$/, "")}. If it is damaged, clear it with "skipstep engines" and run again.`,
    { cause: reason },
  );
}

/** A session was used after its `close()`. */
export function sessionClosed(path: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_SESSION_CLOSED", `The session of ${path} is closed. Open it again.`);
}

/** ONNX Runtime failed while it ran a model. */
export function runFailed(path: string, reason: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_RUN_FAILED", `${path} failed while it ran: ${said(reason)}`, { cause: reason });
}

/** A tensor was used when its elements were gone already. */
export function tensorExpired(tensor: TensorForm, reason: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_TENSOR_EXPIRED", `The ${form(tensor)} tensor is gone: ${reason}`);
}

/** An upload's elements do not fit its type or shape, or the runtime does not carry its type. */
export function tensorInvalid(tensor: TensorForm, problem: string): SkipstepError {
  return new SkipstepError("SKIPSTEP_TENSOR_INVALID", `A ${form(tensor)} tensor cannot be uploaded: ${problem}.`);
}

/** Tensor math was asked of tensors that do not go together. */
export function tensorsMismatch(operation: string, rule: string, found: readonly TensorForm[]): SkipstepError {
  return new SkipstepError("SKIPSTEP_TENSOR_MISMATCH", `${operation} needs ${rule}, found ${list(found.map(form))}.`);
}

/** A `DeviceTensor` that no runtime made. */
export function tensorForeign(operation: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_TENSOR_FOREIGN",
    `${operation} was given a tensor that no runtime made. Pass what upload(), run() or a hook returned.`,
  );
}

/** `upload` where there is no runtime to bring tensors to. */
export function uploadOutside(): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_UPLOAD_OUTSIDE",
    "upload() was called outside of a generation. Call it in a run-time hook of a plugin: guidance, predict, beforeStep, blockForward, observed, afterStep.",
  );
}

/** The caller's AbortSignal was aborted. */
export function cancelled(reason: unknown): SkipstepError {
  return new SkipstepError("SKIPSTEP_CANCELLED", `Cancelled: ${messageOf(reason)}`, { cause: reason });
}
