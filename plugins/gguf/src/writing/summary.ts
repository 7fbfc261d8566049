import type { QuantizeResult } from "@skipstep/core/plugin";
import { isPacked } from "../container/header";
import type { Importance } from "./importance";
import type { PlannedTensor } from "./plan";
import type { RoundingError } from "./round-chunk";
import type { Rule } from "./rules";

interface TypeCount {
  tensors: number;
  bytes: number;
  /** Root of the mean square that was lost, as a part of the weights' own. */
  error: number;
}

/** What was written, and what could not be done as it was asked for. */
export function summarize(
  tensors: readonly PlannedTensor[],
  errors: ReadonlyMap<PlannedTensor, RoundingError>,
  rules: readonly Rule[],
  importance: Importance,
): QuantizeResult {
  const types = countTypes(tensors, errors);
  const list = Object.entries(types).map(([name, { tensors: count, error }]) => {
    const lost = error === 0 ? "" : ` (error ${(100 * error).toPrecision(2)} %)`;
    return `${count} as ${name}${lost}`;
  });
  const before = tensors.reduce((sum, { entry }) => sum + entry.byteLength, 0);
  return {
    lines: [`${tensors.length} tensors: ${list.join(", ")}`],
    warnings: warningsOf(tensors, errors, rules, importance),
    numbers: { types, bytes_before: before },
  };
}

function countTypes(
  tensors: readonly PlannedTensor[],
  errors: ReadonlyMap<PlannedTensor, RoundingError>,
): Record<string, TypeCount> {
  const names = [...new Set(tensors.map(({ type }) => type.name))];
  return Object.fromEntries(
    names.map((name) => {
      const own = tensors.filter(({ type }) => type.name === name);
      const lost = own.reduce((sum, tensor) => sum + errors.get(tensor)!.lost, 0);
      const whole = own.reduce((sum, tensor) => sum + errors.get(tensor)!.whole, 0);
      const bytes = own.reduce((sum, { byteLength }) => sum + byteLength, 0);
      return [name, { tensors: own.length, bytes, error: whole === 0 ? 0 : Math.sqrt(lost / whole) }];
    }),
  );
}

function warningsOf(
  tensors: readonly PlannedTensor[],
  errors: ReadonlyMap<PlannedTensor, RoundingError>,
  rules: readonly Rule[],
  importance: Importance,
): string[] {
  const idle = rules.filter(({ fits }) => !tensors.some(({ entry }) => fits(entry.name)));
  const uneven = tensors.filter(({ instead }) => instead !== undefined);
  const broken = tensors.filter((tensor) => errors.get(tensor)!.nonFinite > 0);
  const written = new Set(tensors.map(({ entry }) => entry.name));
  const unused = importance.names.filter((name) => !written.has(name));
  const packed = tensors.filter(({ type }) => isPacked(type)).length;
  return [
    ...idle.map(({ text }) => `rule "${text}" matches no tensor`),
    ...replaced(uneven),
    ...broken.map(({ entry }) => `tensor "${entry.name}" has numbers that are not finite`),
    ...(unused.length === 0 ? [] : [`there is importance of what is no weight here: ${some(unused)}`]),
    ...(packed === 0 ? ["no tensor was packed into blocks"] : []),
  ];
}

/** By the type that they are written in. */
function replaced(uneven: readonly PlannedTensor[]): string[] {
  const types = new Set(uneven.map(({ type, instead }) => `${type.name} and not ${instead!.name}`));
  return [...types].map((text) => {
    const own = uneven.filter(({ type, instead }) => `${type.name} and not ${instead!.name}` === text);
    return `${own.length === 1 ? "1 tensor is" : `${own.length} tensors are`} ${text}, whose blocks do not divide their rows: ${some(own.map(({ entry }) => entry.name))}`;
  });
}

function some(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(", ")}, ...` : names.join(", ");
}
