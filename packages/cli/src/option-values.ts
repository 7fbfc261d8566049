import { InvalidArgumentError } from "commander";
import { parseAge, parseDuration } from "./quantities";
import { numberOrText } from "./setting-options";

/** Like 1,2,3. */
export function numbers(text: string): number[] {
  const list = text.split(",").map(numberOrText);
  if (!list.every((seed) => typeof seed === "number")) throw new InvalidArgumentError("It must look like 1,2,3.");
  return list;
}

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 1.");
  return Number(text);
}

/** Jobs, hours and requests; Node counts to 2^53. */
export function largeNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 1.");
  return Number(text);
}

export function bytes(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number of bytes from 1.");
  return Number(text);
}

export function quality(text: string): number {
  if (!/^([1-9]\d?|100)$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 1 to 100.");
  return Number(text);
}

export function positive(text: string): number {
  if (!(Number(text) > 0 && Number.isFinite(Number(text))))
    throw new InvalidArgumentError("It must be a number above 0.");
  return Number(text);
}

export function duration(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) throw new InvalidArgumentError("It must look like 8s, 800ms or 2m.");
  return milliseconds;
}

export function age(text: string): number {
  const milliseconds = parseAge(text);
  if (milliseconds === undefined) throw new InvalidArgumentError("It must look like 30d, 2w, 12h or 90m.");
  return milliseconds;
}
