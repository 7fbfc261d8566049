import { payloadSize } from "../errors/compiler";
import { type Node, type Payload, readsOf, type Value } from "../graph/value";
import { itemSize, sizeOf } from "../tensor";
import { payloadBytes } from "./payload-bytes";

/** Where an initializer's bytes are: in the model, or in the file of weights. Lengths and offsets are bytes. */
export type Place =
  | { readonly kind: "inline"; readonly value: InitializerValue; readonly bytes: Uint8Array }
  | { readonly kind: "stored"; readonly value: InitializerValue; readonly offset: number; readonly byteLength: number };

export type StoredPlace = Extract<Place, { kind: "stored" }>;

/** A value with a payload. */
export interface InitializerValue extends Value {
  readonly shape: readonly number[];
  readonly origin: { readonly kind: "initializer"; readonly payload: Payload };
}

/** Every initializer of a graph, each payload once. */
export interface WeightsLayout {
  /** By payload and type, in the order in which the graph uses them first. */
  readonly places: ReadonlyMap<string, Place>;
  /** Those that lie in the file of weights, by offset. */
  readonly stored: readonly StoredPlace[];
  /** Length of the file of weights. */
  readonly byteLength: number;
}

/** Up to here a payload costs less in the model than a place in another file. */
const inlineLimit = 1024;

/** Shapes, axes and lengths must be in the model, where shape inference sees them; ids of whole tables need not be. */
const inlineIntegersLimit = 64 * 1024;

/** From here on a payload begins on a page, so that it can be mapped. */
const largePayload = 64 * 1024;

/**
 * Gives every initializer of a whole graph its place, so that graphs that differ in their cuts only share one file.
 * Reads the small payloads; the others are read when they are written.
 *
 * @param values in the order in which they are to lie
 * @param known payloads that were read before, and are read no more: by place
 * @throws SKIPSTEP_PAYLOAD_SIZE, SKIPSTEP_PAYLOAD_FAILED
 */
export function layOutValues(
  values: readonly InitializerValue[],
  known: Map<string, Uint8Array> = new Map(),
): WeightsLayout {
  const places = new Map<string, Place>();
  const stored: StoredPlace[] = [];
  let end = 0;
  for (const value of values) {
    const key = placeKey(value);
    if (places.has(key)) continue;
    const { byteLength } = value.origin.payload;
    const expected = sizeOf(value.shape) * itemSize[value.dtype];
    if (byteLength !== expected) throw payloadSize(value, expected, byteLength);
    if (byteLength <= (value.dtype === "int64" ? inlineIntegersLimit : inlineLimit)) {
      const bytes = known.get(key) ?? payloadBytes(value);
      known.set(key, bytes);
      places.set(key, { kind: "inline", value, bytes });
      continue;
    }
    const alignment = byteLength >= largePayload ? 4096 : 64;
    const place: StoredPlace = { kind: "stored", value, offset: Math.ceil(end / alignment) * alignment, byteLength };
    places.set(key, place);
    stored.push(place);
    end = place.offset + byteLength;
  }
  return { places, stored, byteLength: end };
}

/** Gives every initializer its place in the model, whatever its size: for models that are run from memory. */
export function layOutInline(nodes: readonly Node[]): WeightsLayout {
  const places = initializersOf(nodes).map((value) => {
    const place: Place = { kind: "inline", value, bytes: payloadBytes(value) };
    return [placeKey(value), place] as const;
  });
  return { places: new Map(places), stored: [], byteLength: 0 };
}

/** The place of one of the graph's initializers. */
export function placeOf(layout: WeightsLayout, value: InitializerValue): Place {
  return layout.places.get(placeKey(value))!;
}

/** What equal bytes have in common. */
export function placeKey({ origin, dtype }: InitializerValue): string {
  return `${origin.payload.key} ${dtype}`;
}

/** Initializers that nodes read, in the order of their first use. */
export function initializersOf(nodes: readonly Node[]): InitializerValue[] {
  return [...new Set(nodes.flatMap(readsOf))].filter(isInitializer);
}

export function isInitializer(value: Value | undefined): value is InitializerValue {
  return value?.origin.kind === "initializer";
}
