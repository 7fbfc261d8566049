/** As much of a `tokenizer.json` as is changed. */
interface TokenizerFile {
  readonly model: {
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (readonly [string, string])[];
  };
}

/** A byte-level BPE tokenizer with its first tokens only, and the merges that make them. */
export function smallTokenizer<File extends TokenizerFile>(file: File, size: number): File {
  const vocab = Object.fromEntries(Object.entries(file.model.vocab).filter(([, id]) => id < size));
  const merges = file.model.merges.filter((pair) => Object.hasOwn(vocab, pair.join("")));
  return { ...file, model: { ...file.model, vocab, merges } };
}
