import { createHash } from "node:crypto";

/** A hash that is fed piece by piece. */
export interface ContentHash {
  update(bytes: Uint8Array): void;
  hex(): string;
}

/**
 * The hash that the hub names a file's content by.
 * @param expected 64 digits are sha256 of the content, 40 git's sha1 of a blob
 * @param size bytes of the whole content, a part of git's
 */
export function contentHash(expected: string, size: number): ContentHash {
  const isGit = expected.length === 40;
  const hash = createHash(isGit ? "sha1" : "sha256");
  if (isGit) hash.update(`blob ${size}\0`);
  return { update: (bytes) => hash.update(bytes), hex: () => hash.digest("hex") };
}
