import type { Image } from "../image/image";

/** Told while a pipeline works. */
export type ProgressEvent =
  /** A file of the checkpoint arrives from the hub: bytes that are here, of all. */
  | { readonly kind: "download"; readonly file: string; readonly done: number; readonly of: number }
  /** Weights of a component are written into the cache: bytes done, of all. */
  | { readonly kind: "compile"; readonly component: string; readonly done: number; readonly of: number }
  /** Somebody else works on a device; it is waited for. By the number of its process, where that can be seen. */
  | { readonly kind: "wait"; readonly device: string; readonly process: number | undefined }
  /** The prompts are about to be encoded. */
  | { readonly kind: "encode" }
  | StepEvent
  /** The latents are about to be decoded. */
  | { readonly kind: "decode" };

/** A denoising step is done. */
export interface StepEvent {
  readonly kind: "step";
  /** Steps done, and steps in all. */
  readonly step: number;
  readonly of: number;
  /** Since the first step began. */
  readonly seconds: number;
  /** Estimate of what the steps that are left will take. */
  readonly secondsLeft: number;
  /** What the images would become if this step's prediction were right; when previews were asked for. */
  readonly previews?: readonly Image[];
}
