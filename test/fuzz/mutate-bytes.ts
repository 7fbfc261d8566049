import type { Random } from "./random";

/** Numbers at which sizes and offsets break. */
const edges = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fff_ffffn,
  0xffff_ffffn,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
];

type Change = (bytes: Buffer, random: Random, near: number) => Buffer;

const changes: readonly Change[] = [flipBit, setByte, writeEdge, cut, insert, splice, repeat, truncate];

/** A few random changes. @param head bytes at the start that most changes are in; all when left out */
export function mutateBytes(bytes: Buffer, random: Random, head = bytes.length): Buffer {
  let changed: Buffer = Buffer.from(bytes);
  for (let i = random.few(); i > 0; i--) {
    const near = random.chance(0.85) ? Math.min(head, changed.length) : changed.length;
    changed = random.pick(changes)(changed, random, near);
  }
  return changed;
}

function flipBit(bytes: Buffer, random: Random, near: number): Buffer {
  if (near > 0) bytes[random.below(near)]! ^= 1 << random.below(8);
  return bytes;
}

function setByte(bytes: Buffer, random: Random, near: number): Buffer {
  if (near > 0) bytes[random.below(near)] = random.pick([0, 0x0a, 0x1b, 0x20, 0x22, 0x5b, 0x7b, 0x7f, 0xff]);
  return bytes;
}

function writeEdge(bytes: Buffer, random: Random, near: number): Buffer {
  const size = random.pick([2, 4, 8]);
  if (near < size) return bytes;
  const at = random.below(near - size + 1);
  const number = Buffer.alloc(8);
  number.writeBigUInt64LE(random.pick(edges));
  number.copy(bytes, at, 0, size);
  return bytes;
}

function cut(bytes: Buffer, random: Random, near: number): Buffer {
  const at = random.below(near + 1);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16))]);
}

function insert(bytes: Buffer, random: Random, near: number): Buffer {
  const at = random.below(near + 1);
  const fresh = Buffer.from(Array.from({ length: 1 + random.below(16) }, () => random.below(256)));
  return Buffer.concat([bytes.subarray(0, at), fresh, bytes.subarray(at)]);
}

/** A piece from elsewhere. */
function splice(bytes: Buffer, random: Random, near: number): Buffer {
  const [from, at] = [random.below(bytes.length + 1), random.below(near + 1)];
  const piece = bytes.subarray(from, from + random.below(64));
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + (random.chance(0.5) ? piece.length : 0))]);
}

function repeat(bytes: Buffer, random: Random, near: number): Buffer {
  const at = random.below(near + 1);
  const piece = bytes.subarray(at, at + 1 + random.below(64));
  return Buffer.concat([bytes.subarray(0, at), ...Array<Buffer>(2 + random.below(30)).fill(piece), bytes.subarray(at)]);
}

function truncate(bytes: Buffer, random: Random, near: number): Buffer {
  return bytes.subarray(0, random.below(near + 1));
}
