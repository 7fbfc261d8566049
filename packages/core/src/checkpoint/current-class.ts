import type { JsonObject } from "../config/json";

/** What the class of all transformers became, by how their norms are modulated. */
const transformers: Readonly<Record<string, string>> = {
  ada_norm_zero: "DiTTransformer2DModel",
  ada_norm_single: "PixArtTransformer2DModel",
};

/** The class that diffusers makes of a component; files from before version 0.30 name one class for several models. */
export function currentClass(className: string, { norm_type }: Readonly<JsonObject>): string {
  if (className !== "Transformer2DModel" || typeof norm_type !== "string") return className;
  return Object.hasOwn(transformers, norm_type) ? transformers[norm_type]! : className;
}
