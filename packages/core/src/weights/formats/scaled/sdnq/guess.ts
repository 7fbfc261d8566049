import { sizeOf } from "../../../../tensor";
import type { StoredModule } from "../stored-module";
import { type ElementType, elementType } from "./element-type";
import { groupOf } from "./packed-codes";

/** The type of codes that are not packed, by the type that they are stored in; `undefined` for packed ones. */
export function guessedType(module: StoredModule): ElementType | undefined {
  const { dtype, shape } = module.entry("weight");
  if (dtype !== "uint8") return elementType(dtype);
  const { shape: scales } = module.entry("scale");
  const isBroadcast =
    shape.length === scales.length && scales.every((size, axis) => size === 1 || size === shape[axis]);
  return isBroadcast && module.has("zero_point") ? elementType("uint8") : undefined;
}

/** Types of packed whole numbers with a zero point in which a weight of so many elements takes these bytes. */
export function typesOfSize(module: StoredModule, size: number): ElementType[] {
  const { shape } = module.entry("weight");
  return [2, 3, 4, 5, 6, 7].flatMap((bits) => {
    const { bytes, codes } = groupOf(bits);
    const last = bits === 2 || bits === 4 ? shape.length === 1 : shape.at(-1) === bytes && shape.length === 2;
    const fits = last && sizeOf(shape) * codes === size * bytes;
    return fits ? [elementType(`uint${bits}`)!] : [];
  });
}
