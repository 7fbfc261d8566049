import type { Shapes } from "./recipe";

/** How many modules there are in a list: `countOf(shapes, "down_blocks.*")`. */
export function countOf(shapes: Shapes, list: string): number {
  const prefix = list.slice(0, -1);
  const numbers = [...shapes.keys()].flatMap((name) => {
    const [number] = name.startsWith(prefix) ? name.slice(prefix.length).split(".") : [];
    return number !== undefined && /^\d+$/.test(number) ? [Number(number)] : [];
  });
  return new Set(numbers).size; // where one is missing, the model says so
}
