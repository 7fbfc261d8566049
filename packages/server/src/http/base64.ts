import { invalidField } from "./api-error";

/** Bytes of a picture in a JSON field: base64, or a `data:` address of it. @throws ApiError */
export function bytesOf(name: string, text: unknown): Uint8Array {
  const encoded = typeof text === "string" ? text.slice(text.startsWith("data:") ? text.indexOf(",") + 1 : 0) : "";
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.length === 0) throw invalidField(name, shortened(text), "an image in base64");
  return bytes;
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** Of an image that somebody sent, enough to know it again. */
function shortened(value: unknown): unknown {
  return typeof value === "string" && value.length > 40 ? `${value.slice(0, 40)}...` : value;
}
