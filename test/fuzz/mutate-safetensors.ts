import { withHeader } from "@skipstep/contract/graph";
import { mutateBytes } from "./mutate-bytes";
import { mutateJson } from "./mutate-json";
import type { Random } from "./random";

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

type Header = Record<string, Entry | Record<string, string>>;

/**
 * A safetensors file with changes in its header, which is JSON, in its bytes, or in what its tensors are: a third stays
 * sound as a file, so that whoever reads it comes further.
 */
export function mutateSafetensors(file: Buffer, random: Random): Buffer {
  const length = Number(file.readBigUInt64LE());
  if (random.chance(0.25)) return mutateBytes(file, random, random.chance(0.5) ? 16 : length + 8);
  const text = file.toString("utf8", 8, 8 + length);
  const changed = random.chance(0.45) ? otherTensors(text, random) : mutateJson(text, random);
  return withHeader(changed, file.subarray(8 + length));
}

/** Types of one size may stand for one another. */
const alike = [
  ["F32", "I32", "U32"],
  ["F16", "BF16", "I16", "U16"],
  ["U8", "I8", "BOOL", "F8_E4M3", "F8_E5M2"],
  ["F64", "I64", "U64"],
];

type Change = (header: Header, name: string, random: Random) => void;

const changes: readonly Change[] = [retype, reshape, reshape, rename, rename, exchange, describe];

/** The same bytes under other names, as other types and in other shapes of as many elements. */
function otherTensors(text: string, random: Random): string {
  const header: Header = JSON.parse(text);
  for (let i = random.few(); i > 0; i--) {
    const names = Object.keys(header).filter((name) => name !== "__metadata__");
    random.pick(changes)(header, random.pick(names), random);
  }
  return JSON.stringify(header);
}

function retype(header: Header, name: string, random: Random): void {
  const entry = header[name] as Entry;
  entry.dtype = random.pick(alike.find((types) => types.includes(entry.dtype)) ?? [entry.dtype]);
}

function reshape(header: Header, name: string, random: Random): void {
  const entry = header[name] as Entry;
  const count = entry.shape.reduce((product, size) => product * size, 1);
  const [first = 1, ...rest] = entry.shape;
  entry.shape = random.pick([
    [count],
    [1, count],
    [count, 1],
    [...entry.shape].reverse(),
    [...entry.shape, 1],
    [1, 1, 1, ...entry.shape],
    first % 2 === 0 ? [first / 2, 2, ...rest] : [...entry.shape, 1, 1],
  ]);
}

function rename(header: Header, name: string, random: Random): void {
  const entry = header[name]!;
  delete header[name];
  const parts = name.split(".");
  const at = random.below(parts.length);
  const part = random.pick([
    "",
    "0",
    "99999",
    "weight",
    "bias",
    "alpha",
    "scale",
    "lora_A",
    "lora_down",
    "x\u001b\n",
    "a".repeat(300),
  ]);
  if (random.chance(0.5)) parts[at] = part;
  else parts.splice(at, random.below(2), part);
  header[parts.join(".")] = entry;
}

function exchange(header: Header, name: string, random: Random): void {
  const other = random.pick(Object.keys(header).filter((key) => key !== "__metadata__"));
  [header[name], header[other]] = [header[other]!, header[name]!];
}

function describe(header: Header, name: string, random: Random): void {
  const words = ["", "1e999", "-1", "{}", "[[", "null", "x".repeat(5000), name, "__proto__"];
  const keys = [
    "format",
    "ss_network_module",
    "modelspec.prediction_type",
    "skipstep_svdquant",
    "quantization_config",
    "config",
  ];
  header.__metadata__ = { ...(header.__metadata__ as Record<string, string>), [random.pick(keys)]: random.pick(words) };
}
