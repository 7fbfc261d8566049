/**
 * Sentencepiece's compiled character map, as tokenizer.json carries it in base64.
 *
 * Layout, https://github.com/google/sentencepiece (src/normalizer.cc): u32 size of the trie in bytes, the trie (a
 * double array of u32 units, as in https://github.com/s-yata/darts-clone), then the replacements, each ended by a zero byte.
 * A unit holds label (bits 0..7), "has a value" (bit 8), and the offset to its children; a value is a byte position
 * among the replacements.
 */
export function precompiledCharsmap(base64: string): (text: string) => string {
  const bytes = Buffer.from(base64, "base64");
  const trieBytes = bytes.readUInt32LE(0);
  if (trieBytes > bytes.length - 4) throw new RangeError("its character map is cut off");
  const units = Uint32Array.from({ length: trieBytes / 4 }, (_, i) => bytes.readUInt32LE(4 + i * 4));
  const replacements = bytes.subarray(4 + trieBytes);
  const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

  const replacementOf = (text: string): string | undefined => {
    const position = firstValue(units, Buffer.from(text, "utf8"));
    if (position === undefined) return undefined;
    return replacements.toString("utf8", position, replacements.indexOf(0, position));
  };
  // A whole grapheme is looked up only when it is short; then its characters one by one. This is how the Rust
  // library walks the text (spm_precompiled), which differs from sentencepiece's longest match.
  return (text) => {
    let result = "";
    for (const { segment } of graphemes.segment(text)) {
      const whole = Buffer.byteLength(segment) < 6 ? replacementOf(segment) : undefined;
      if (whole !== undefined) result += whole;
      else for (const character of segment) result += replacementOf(character) ?? character;
    }
    return result;
  };
}

/** The value of the shortest key that `key` begins with. */
function firstValue(units: Uint32Array, key: Uint8Array): number | undefined {
  let node = offsetOf(units[0]!);
  for (const byte of key) {
    if (byte === 0) return undefined;
    node ^= byte;
    const unit = units[node];
    if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined;
    node ^= offsetOf(unit);
    if ((unit >>> 8) & 1) return units[node]! & 0x7fffffff;
  }
  return undefined;
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
