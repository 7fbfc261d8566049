import { payloadFailed, payloadSize } from "../errors/compiler";
import { SkipstepError } from "../errors/error";
import type { InitializerValue } from "./weights-layout";

/**
 * Makes an initializer's bytes.
 *
 * @throws SKIPSTEP_PAYLOAD_SIZE when there are more or fewer than was said, SKIPSTEP_PAYLOAD_FAILED when a plugin throws,
 *   and what reading a checkpoint throws
 */
export function payloadBytes(value: InitializerValue): Uint8Array {
  const { payload } = value.origin;
  const bytes = made(value);
  if (bytes.byteLength !== payload.byteLength) throw payloadSize(value, payload.byteLength, bytes.byteLength);
  return bytes;
}

function made(value: InitializerValue): Uint8Array {
  try {
    return value.origin.payload.bytes();
  } catch (error) {
    throw error instanceof SkipstepError ? error : payloadFailed(value, error);
  }
}
