import { expect } from "vitest";

/**
 * Images and latents are compared by their bytes first: number by number, as `toEqual` does it, takes most of a
 * test's time. What differs goes its usual way, and is told as ever.
 */
expect.addEqualityTesters([
  (a: unknown, b: unknown) => {
    if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b) || a.constructor !== b.constructor) return undefined;
    return bytes(a).equals(bytes(b)) || undefined;
  },
]);

const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
