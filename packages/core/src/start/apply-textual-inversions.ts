import type { ComponentModel } from "../architecture/component-model";
import { list } from "../errors/nearest";
import { embeddingInvalid, embeddingsNowhere, embeddingToken, embeddingUnfit } from "../errors/textual-inversion";
import type { RecognisedModel } from "../loop/recognised-model";
import type { AddedEmbeddings } from "../text/added-embeddings";
import type { Note } from "../weights/checkpoint/note";
import { ExtendedWeights } from "../weights/textual-inversion/extended-weights";
import { readTextualInversion } from "../weights/textual-inversion/read-textual-inversion";
import type { LearnedVectors, TextualInversionConfig } from "../weights/textual-inversion/textual-inversion";

/** A model whose text encoders have further tokens. */
export interface AppliedTextualInversions {
  readonly model: RecognisedModel;
  /** With the words that files name themselves. */
  readonly uses: readonly TextualInversionConfig[];
  /** By text encoder. */
  readonly embeddings: ReadonlyMap<string, AddedEmbeddings>;
  readonly notes: readonly Note[];
}

/** As much of a config as is changed. */
interface EncoderConfig {
  readonly vocab_size: number;
  readonly hidden_size: number;
}

interface Added {
  readonly vectors: LearnedVectors[];
  readonly tokens: string[][];
}

/**
 * Adds learned vectors to the embeddings of text encoders; they are read when weights are.
 * @throws SKIPSTEP_TEXTUAL_INVERSION_UNFIT, SKIPSTEP_TEXTUAL_INVERSION_TOKEN, and what `readTextualInversion` throws
 */
export function applyTextualInversions(
  model: RecognisedModel,
  uses: readonly TextualInversionConfig[] = [],
): AppliedTextualInversions {
  const encoders = [...model.components].filter(([, { model: own }]) => own.architecture.tokenEmbedding !== undefined);
  const added = new Map(encoders.map(([name]): [string, Added] => [name, { vectors: [], tokens: [] }]));
  const notes: Note[] = [];
  const named: TextualInversionConfig[] = [];
  for (const use of uses) {
    const { file, name, vectors } = readTextualInversion(use.path);
    const { token = name } = use;
    named.push({ ...use, token });
    if (encoders.length === 0) throw embeddingsNowhere(file, model.family.className);
    for (const one of vectors) {
      const encoder = encoderFor(one, encoders);
      const tokens = tokensOf(token, one);
      const { vectors: all, tokens: known } = added.get(encoder)!;
      const blank = tokens.flat().find((token) => token.trim() === "");
      if (blank !== undefined) throw embeddingToken(blank, "is no word: it would stand for blanks");
      const others = new Set(known.flat(2).map(inAnyCase));
      const twice = tokens.flat().find((token) => others.has(inAnyCase(token)));
      if (twice !== undefined) throw embeddingToken(twice, `is another's as well, of ${file}`);
      all.push(one);
      known.push(...tokens);
      const words = list(tokens.map(([token]) => `"${token}"`));
      const what = one.count === 1 ? "1 vector" : `${one.count} vectors`;
      notes.push({ kind: "conclusion", text: `${file}: ${what} of ${encoder} for ${words}.` });
    }
  }
  const used = [...added].filter(([, { vectors }]) => vectors.length > 0);
  if (used.length === 0) return { model, uses: named, embeddings: new Map(), notes };
  const extended = new Map(
    used.map(([name, { vectors }]) => [name, withVectors(model.components.get(name)!, vectors)]),
  );
  const configs = Object.fromEntries([...extended].map(([name, { config }]) => [name, config]));
  return {
    model: {
      ...model,
      components: new Map([...model.components, ...extended]),
      configs: { ...model.configs, ...configs },
    },
    uses: named,
    embeddings: new Map(
      used.map(([name, { tokens }]) => [name, { tokens, firstId: (model.configs[name] as EncoderConfig).vocab_size }]),
    ),
    notes,
  };
}

/** The one that the file names, else the first whose embeddings are as wide. */
function encoderFor(
  { file, tensor, encoder, width }: LearnedVectors,
  encoders: readonly [string, ComponentModel][],
): string {
  const widths = encoders.map(([name, { config }]) => [name, (config as EncoderConfig).hidden_size] as const);
  const meant = encoder === "clip_g" ? widths.slice(1, 2) : encoder === "clip_l" ? widths.slice(0, 1) : widths;
  const found = meant.find(([, own]) => own === width);
  if (found) return found[0];
  throw embeddingUnfit(
    file,
    tensor,
    width,
    (meant.length > 0 ? meant : widths).map(([name, own]) => `${name} ${own}`),
  );
}

/** Words are found in any case. */
function inAnyCase(token: string): string {
  return token.toLowerCase();
}

/** One token a vector: `<cat>`, `<cat>_1`, or as a list says. */
function tokensOf(token: string | readonly string[], { file, count }: LearnedVectors): string[][] {
  if (typeof token === "string") return [[token, ...Array.from({ length: count - 1 }, (_, i) => `${token}_${i + 1}`)]];
  if (token.length !== count)
    throw embeddingInvalid(file, `has ${count} vectors, and "token" lists ${token.length} words`);
  return token.map((one) => [one]);
}

function withVectors(source: ComponentModel, vectors: readonly LearnedVectors[]): ComponentModel {
  const { component, model, config } = source;
  const count = vectors.reduce((sum, one) => sum + one.count, 0);
  const { vocab_size } = config as EncoderConfig;
  const weights = (): ExtendedWeights => {
    const own = component.weights();
    const name = own.names.find((one) => model.architecture.tokenEmbedding!.test(one))!;
    return ExtendedWeights.open(own, name, vectors);
  };
  return {
    ...source,
    config: { ...(config as object), vocab_size: vocab_size + count },
    component: { ...component, weights },
  };
}
