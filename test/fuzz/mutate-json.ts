import { mutateBytes } from "./mutate-bytes";
import type { Random } from "./random";

/** Text that stands for a value as it is, JSON or not. */
class Raw {
  constructor(readonly text: string) {}
}

type Holder = Record<string | number, unknown>;

/** A value and what holds it. */
interface Spot {
  readonly holder: Holder;
  readonly key: string | number;
}

const controls = "\u001b[31m\u0000\u0007\r\n\u2028\u202e\u009b";

const oddTexts = [
  ...["", " ", "x", "0", "..", ".", "/", "../..", "/dev/null", "~", "C:\\x", "a\u0000b", controls, "__proto__"],
  ...["constructor", "toString", "null", "NaN", "1e999", "$&", "{{ x }}", "%s", "\ud800", "\ufeff", "😀"],
];

const oddNumbers = [
  ...["0", "-0", "1", "-1", "2", "3", "0.5", "1.5", "-7.25", "255", "256", "65536", "65537", "1e5", "2147483647"],
  ...["2147483648", "4294967295", "4294967296", "9007199254740991", "9007199254740992", "1e15", "1e18", "1e100"],
  ...["1e308", "-1e308", "1e309", "5e-324"],
];

/** @returns the text of a value that is out of place */
function oddValue(random: Random): Raw {
  const kind = random.below(12);
  if (kind < 3) return new Raw(random.pick(oddNumbers));
  if (kind < 6) return new Raw(JSON.stringify(random.pick(oddTexts)));
  if (kind < 10)
    return new Raw(
      random.pick(["null", "true", "false", "[]", "{}", "[[]]", "[null]", "[1,2]", '{"a":null}', '[["a"]]']),
    );
  if (kind === 10)
    return new Raw(JSON.stringify(random.pick(["x", "ab ", "😀", "\u001b"]).repeat(random.pick([300, 5000, 100_000]))));
  return nested(random);
}

function nested(random: Random): Raw {
  const depth = random.pick([50, 150, 3000, 100_000]);
  return random.chance(0.5)
    ? new Raw("[".repeat(depth) + "]".repeat(depth))
    : new Raw(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`);
}

type Change = (spot: Spot, random: Random, all: readonly Spot[]) => void;

const changes: readonly Change[] = [replace, replace, replace, remove, rename, swap, resize, wrap, duplicate];

/**
 * A JSON text with a few changes: values of other types, keys that are missing, new or there twice, lists that grow,
 * deep nesting; seldom bytes that make it no JSON.
 */
export function mutateJson(text: string, random: Random): string {
  const root: Holder = { root: JSON.parse(text.replaceAll("Infinity", "1e999")) }; // as Python writes it
  for (let i = random.few(); i > 0; i--) {
    const all = spotsOf(root);
    if (all.length === 0) break; // all was left out
    const spot = random.pick(all);
    random.pick(changes)(spot, random, all);
  }
  const changed = textOf(root.root) ?? "";
  return random.chance(0.06) ? mutateBytes(Buffer.from(changed), random).toString("utf8") : changed;
}

/** Values in lists of many alike, such as a vocabulary's, are fewer than there are: all kinds shall come up. */
function spotsOf(root: Holder): Spot[] {
  const spots: Spot[] = [];
  const walk = (holder: Holder): void => {
    const keys = Object.keys(holder);
    const step = Math.max(1, Math.floor(keys.length / 40));
    for (let i = 0; i < keys.length; i += step) {
      const key = keys[i]!;
      spots.push({ holder, key });
      const value = holder[key];
      if (typeof value === "object" && value !== null && !(value instanceof Raw)) walk(value as Holder);
    }
  };
  walk(root);
  return spots;
}

function replace({ holder, key }: Spot, random: Random): void {
  put(holder, key, oddValue(random));
}

function remove({ holder, key }: Spot): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
}

function rename({ holder, key }: Spot, random: Random): void {
  if (Array.isArray(holder)) return;
  const value = holder[key];
  delete holder[key];
  put(holder, random.chance(0.3) ? `${key}${random.pick(["s", "_2", " ", "\u0000"])}` : random.pick(oddTexts), value);
}

function swap({ holder, key }: Spot, random: Random, all: readonly Spot[]): void {
  const other = random.pick(all);
  const value = holder[key];
  // A value that holds the other one would hold itself.
  if (isInside(value, other.holder) || isInside(other.holder[other.key], holder)) return;
  put(holder, key, other.holder[other.key]);
  put(other.holder, other.key, value);
}

function isInside(value: unknown, holder: Holder): boolean {
  if (typeof value !== "object" || value === null || value instanceof Raw) return false;
  return value === holder || Object.values(value).some((inner) => isInside(inner, holder));
}

/** Numbers are scaled, texts and lists become long or short. */
function resize({ holder, key }: Spot, random: Random): void {
  const value = holder[key];
  if (typeof value === "number")
    put(holder, key, value * random.pick([-1, 0, 0.5, 2, 3, 1000, 1e9, 1e300]) + random.pick([0, 0, 1, -1]));
  else if (typeof value === "string")
    put(holder, key, random.chance(0.5) ? value.slice(0, random.below(value.length + 1)) : value + value);
  else if (Array.isArray(value))
    put(
      holder,
      key,
      random.chance(0.5) ? value.slice(0, random.below(value.length + 1)) : [...value, ...value, ...value],
    );
}

function wrap({ holder, key }: Spot, random: Random): void {
  put(holder, key, random.chance(0.5) ? [holder[key]] : { [String(key)]: holder[key] });
}

/** The key once more, with another value: JSON.stringify cannot write that, a raw text can. */
function duplicate({ holder, key }: Spot, random: Random): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 0, oddValue(random));
  else
    put(
      holder,
      key,
      new Raw(`${textOf(holder[key]) ?? "null"},${JSON.stringify(String(key))}:${oddValue(random).text}`),
    );
}

/** Also where the key is `__proto__`. */
function put(holder: Holder, key: string | number, value: unknown): void {
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
}

function textOf(value: unknown): string | undefined {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map((inner) => textOf(inner) ?? "null").join(",")}]`;
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return value > 0 ? "1e999" : "-1e999";
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}:${textOf(inner) ?? "null"}`);
  return `{${entries.join(",")}}`;
}
