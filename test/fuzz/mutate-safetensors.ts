import { mutateBytes } from "./mutate-bytes";
import { mutateJson } from "./mutate-json";
import type { Random } from "./random";

/** A safetensors file with changes in its header, which is JSON, in its bytes, or in what they say. */
export function mutateSafetensors(file: Buffer, random: Random): Buffer {
  const length = Number(file.readBigUInt64LE());
  if (random.chance(0.25)) return mutateBytes(file, random, random.chance(0.5) ? 16 : length + 8);
  const text = Buffer.from(mutateJson(file.toString("utf8", 8, 8 + length), random));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([prefix, text, file.subarray(8 + length)]);
}
