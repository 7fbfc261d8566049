import type { OpenTokenizer } from "../../text/open-tokenizer";
import type { PromptToken } from "./chunks";
import type { Fragment, PromptWeighting, ReadPrompt } from "./read-prompt";

/** A prompt's tokens. */
export interface PromptTokens {
  /** Of all strands of all parts, one behind the other. */
  readonly strands: readonly (readonly PromptToken[])[];
  /** False for texts so long that not all of their tokens were counted. */
  readonly isWhole: boolean;
}

/** A text that is turned into tokens by itself. */
interface Piece extends Fragment {
  readonly fragment: number;
}

/** All pieces of all prompts at once. @param most tokens of a prompt; what is beyond is left out */
export async function tokensOf(
  tokenizer: OpenTokenizer,
  prompts: readonly ReadPrompt[],
  weighting: PromptWeighting,
  most: number,
  signal?: AbortSignal,
): Promise<PromptTokens[]> {
  const isByWord = weighting === "comfyui";
  const piecesOf = (fragments: readonly Fragment[]): Piece[] =>
    fragments.flatMap((one, fragment) =>
      (isByWord ? wordsOf(one, tokenizer) : [one]).map((piece) => ({ ...piece, fragment })),
    );
  const strands = prompts.map(({ parts }) =>
    parts.flatMap((part) => part.strands.map((strand) => piecesOf(strand.fragments))),
  );
  // Each piece is a token or more, or says nothing.
  const kept = strands.map((list) =>
    list.map((pieces) => pieces.filter(({ text }) => text.trim() !== "").slice(0, most + 1)),
  );
  const texts = kept.flat(2).map(({ text }) => text);
  const options = { addSpecialTokens: false, truncation: true, maxLength: most + 1, asTokens: true } as const;
  const encoded = texts.length > 0 ? await tokenizer.encode(texts, options, signal) : undefined;
  const following = new Set(tokenizer.following);
  let next = 0;
  const read = (pieces: readonly Piece[]): PromptToken[] =>
    pieces.flatMap(({ weight, fragment }) => {
      const text = next++;
      const tokens = encoded!.tokens![text]!;
      return encoded!.inputIds[text]!.map((id, i) => ({
        id,
        token: tokens[i]!,
        weight,
        fragment,
        isBound: following.has(id) || (isByWord && i > 0),
      }));
    });
  return kept.map((list) => {
    const found = list.map(read);
    return {
      strands: found.map((tokens) => tokens.slice(0, most + 1)),
      isWhole: found.every(({ length }) => length <= most),
    };
  });
}

/** As ComfyUI parts a text. It writes `embedding:name` for a textual inversion; a name that is not there is left out. */
function wordsOf({ text, weight }: Fragment, { embeddings }: OpenTokenizer): Fragment[] {
  const words = text.replaceAll("\n", " ").split(" ");
  return words.flatMap((word): Fragment[] => {
    if (word === "") return [];
    if (!word.startsWith("embedding:")) return [{ text: word, weight }];
    const name = word.slice("embedding:".length);
    return embeddings.some((known) => name.startsWith(known)) ? [{ text: name, weight }] : [];
  });
}
