import type { Drawing } from "../drawings/drawing";
import { nameOf, textOf } from "../form/schema-kind";

/** A row of the comparison: what it is, and what each of the two has. */
export type Row = readonly [name: string, one: string, other: string];

/** Everything in which two requests differ. */
export function differences(one: Drawing, other: Drawing): Row[] {
  const [a, b] = [said(one), said(other)];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((name) => a[name] !== b[name])
    .map((name) => [name, a[name] ?? "as usual", b[name] ?? "as usual"]);
}

function said({ request: { model, settings, variant } }: Drawing): Record<string, string> {
  const { scheduler, plugins, loras } = variant;
  const named = Object.entries({ model, ...settings, ...variant.settings }).map(([name, value]) => [
    nameOf(name),
    textOf(value),
  ]);
  const choices = Object.entries(plugins).map(([use, { isOn, options }]) => {
    const set = Object.entries(options).map(([name, value]) => `${name} ${textOf(value)}`);
    return [`Plugin ${use}`, isOn ? ["on", ...set].join(", ") : "off"];
  });
  const scales = Object.entries(loras).map(([name, scale]) => [`LoRA ${name}`, String(scale)]);
  const scheduled = scheduler ? [["Scheduler", [scheduler.type, ...optionsOf(scheduler.options)].join(", ")]] : [];
  return Object.fromEntries([...named, ...scheduled, ...choices, ...scales]);
}

function optionsOf(options: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(options).map(([name, value]) => `${name} ${textOf(value)}`);
}
