import type { AttentionInputs } from "@skipstep/core/plugin";
import { type Op, ops } from "./attend";
import { backendPlaceUnknown, backendUnknown } from "./errors";

/** An op, or core's own attention. */
export type BackendName = Op | "native";

/** One for all, or some by kind (`cross`), by component (`vae`), or by both (`text_encoder.self`). */
export type BackendOption = BackendName | Readonly<Record<string, BackendName>>;

export type Backend = Readonly<Record<string, BackendName>>;

type Kind = AttentionInputs["kind"];

const kinds: readonly Kind[] = ["self", "cross", "joint"];
const names: readonly BackendName[] = [...ops, "native"];

/** The place of all attentions. */
const everywhere = "";

/** @param components of the pipeline, where they are known */
export function parseBackend(option: BackendOption, components?: readonly string[]): Backend {
  if (typeof option === "string") return { [everywhere]: checked(option) };
  const places = components && [
    ...kinds,
    ...components,
    ...components.flatMap((component) => kinds.map((kind) => `${component}.${kind}`)),
  ];
  for (const [place, name] of Object.entries(option)) {
    if (places && !places.includes(place)) throw backendPlaceUnknown(place, [...kinds, ...(components ?? [])]);
    checked(name);
  }
  return option;
}

/** The backend of one attention, the closest name first; `undefined` where nothing is said. */
export function backendOf(backend: Backend, component: string, kind: Kind): BackendName | undefined {
  return backend[`${component}.${kind}`] ?? backend[component] ?? backend[kind] ?? backend[everywhere];
}

function checked(name: unknown): BackendName {
  if (!names.some((known) => known === name)) throw backendUnknown(name, names);
  return name as BackendName;
}
