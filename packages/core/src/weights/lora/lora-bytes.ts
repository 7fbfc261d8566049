import { SkipstepError } from "../../errors/error";
import { itemSize, sizeOf } from "../../tensor";
import { Weights } from "../checkpoint/weights";
import type { RequestLora } from "./lora";
import { findLoraFile } from "./lora-file";

/** Bytes of all that LoRAs' files have, as float32. What cannot be opened is told when it is read. */
export function loraBytes(loras: readonly RequestLora[] = []): number {
  return loras.reduce((sum, { path, scale }) => sum + (scale === 0 ? 0 : bytesOf(path)), 0);
}

function bytesOf(path: string): number {
  try {
    const weights = Weights.openFile(findLoraFile(path));
    try {
      return weights.names.reduce((sum, name) => sum + sizeOf(weights.entry(name).shape) * itemSize.float32, 0);
    } finally {
      weights.close();
    }
  } catch (error) {
    if (error instanceof SkipstepError) return 0;
    throw error;
  }
}
