import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { ApiKey } from "../options";

/** Of everybody, where there are no keys. */
export const nobody = "";

/** A new key, and the line that lets a server know it. */
export function makeKey(name: string): { readonly key: string; readonly entry: ApiKey } {
  const key = `sk-skipstep-${randomBytes(24).toString("base64url")}`;
  return { key, entry: { name, sha256: hashOf(key).toString("hex") } };
}

/** Whose key it is; all are compared, each in a time that does not depend on where they differ. */
export function ownerOf(key: string, keys: readonly ApiKey[]): string | undefined {
  const hash = hashOf(key);
  let owner: string | undefined;
  for (const { name, sha256 } of keys) if (timingSafeEqual(hash, Buffer.from(sha256, "hex"))) owner = name;
  return owner;
}

/** The key that a request carries: a bearer's, or the password of A1111's clients. */
export function keyIn(authorization: string | undefined): string | undefined {
  const [scheme = "", value = ""] = (authorization ?? "").split(" ", 2);
  if (scheme.toLowerCase() === "bearer") return value;
  if (scheme.toLowerCase() !== "basic") return undefined;
  const text = Buffer.from(value, "base64").toString();
  return text.slice(text.indexOf(":") + 1);
}

function hashOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
