import type { Payload, Weight } from "@skipstep/core/plugin";

/** Bytes of each part that is made of a weight. */
export type PartSizes<Part extends string> = Readonly<Record<Part, number>>;

/** The weight whose parts were made last: a weight's payloads are written one after the other. */
let latest: { readonly of: object; readonly parts: Readonly<Record<string, ArrayBufferView>> } | undefined;

/**
 * Payloads that are made of one weight at once, when the first of them is written.
 * @param method what they are made by, with every option that their bytes depend on: part of their keys
 */
export function derived<Part extends string>(
  weight: Pick<Weight, "key" | "name">,
  method: string,
  sizes: PartSizes<Part>,
  make: () => Readonly<{ [Each in NoInfer<Part>]?: ArrayBufferView | undefined }>,
): Readonly<Record<Part, Payload>> {
  const of = {};
  const left = new Set(Object.keys(sizes));
  const take = (part: Part): Uint8Array => {
    const made = (latest?.of === of ? latest.parts : make()) as Readonly<Record<Part, ArrayBufferView>>;
    latest = { of, parts: made };
    left.delete(part);
    if (left.size === 0) latest = undefined; // all are written: not kept any longer
    const { buffer, byteOffset, byteLength } = made[part];
    return new Uint8Array(buffer, byteOffset, byteLength);
  };
  const payload = ([part, byteLength]: [string, unknown]): [string, Payload] => [
    part,
    {
      key: `${method}:${part}:${weight.key}`,
      label: `${weight.name}.${part}`,
      byteLength: byteLength as number,
      bytes: () => take(part as Part),
    },
  ];
  return Object.fromEntries(Object.entries(sizes).map(payload)) as Readonly<Record<Part, Payload>>;
}
