import type { TensorEntry } from "../checkpoint/weight-source";

type Entries = ReadonlyMap<string, Pick<TensorEntry, "shape">>;

interface Foreign {
  /** `a GPTQ file` */
  readonly kind: string;
  /** A tensor that no others have. */
  readonly tensor: RegExp;
  is?(entries: Entries, name: string): boolean;
}

/** Ways to quantize language models that nobody here reads; the first that fits counts. */
const kinds: readonly Foreign[] = [
  { kind: "a GPTQ file", tensor: /\.g_idx$/ },
  { kind: "a GPTQ file", tensor: /\.qzeros$/, is: (entries, name) => !isAwq(entries, name) },
  { kind: "an AWQ file", tensor: /\.qzeros$/ },
  { kind: "an EXL2 file", tensor: /\.(q_weight|q_invperm|q_perm|q_scale_max)$/ },
  { kind: "an EXL3 file", tensor: /\.(trellis|suh|svh)$/ },
  { kind: "an HQQ file", tensor: /\.W_q$/ },
  { kind: "a compressed-tensors file, packed", tensor: /\.weight_(packed|global_scale)$/ },
  { kind: "an AQLM file", tensor: /\.codebooks$/ },
  { kind: "quantized by ComfyUI in W4A8", tensor: /\.weight_s_rel$/ },
];

/** The kind of a file that is quantized in a way that is known by name only, and the tensor that shows it. */
export function foreignKind(
  entries: readonly Pick<TensorEntry, "name" | "shape">[],
): { readonly kind: string; readonly tensor: string } | undefined {
  const byName: Entries = new Map(entries.map((entry) => [entry.name, entry]));
  const names = [...byName.keys()];
  for (const { kind, tensor: pattern, is } of kinds) {
    const tensor = names.find((name) => pattern.test(name) && (is?.(byName, name) ?? true));
    if (tensor !== undefined) return { kind, tensor };
  }
  return undefined;
}

/** AWQ packs eight columns in a word, GPTQ eight rows. */
function isAwq(entries: Entries, zeros: string): boolean {
  const module = zeros.slice(0, -".qzeros".length);
  const width = entries.get(`${module}.scales`)?.shape.at(-1);
  const packed = entries.get(`${module}.qweight`)?.shape.at(-1);
  return width !== undefined && packed !== undefined && packed < width;
}
