/** UTF-16 units that are turned into tokens at once: longer words than that are cut. */
const pieceLength = 2 ** 13;

/** UTF-16 units of a text that are looked at before its tokens are known to be enough or not. */
const mostLength = 8 * pieceLength;

/** Ids of a text's begin or end. */
export interface CountedIds {
  readonly ids: readonly number[];
  /** False when the text goes on: more tokens than these. */
  readonly isWhole: boolean;
}

/**
 * Ids of a text of which only `room` tokens are kept, so that a text of any length takes no longer than one of 65,000
 * characters. It is read in pieces that end between two words, until they give more tokens than there is room for.
 *
 * @param fromEnd whether its last tokens are kept
 * @param idsOf tokens of a piece; `start` says where it begins
 */
export function countedIds(
  text: string,
  room: number,
  fromEnd: boolean,
  idsOf: (piece: string, start: number) => readonly number[],
): CountedIds {
  if (text.length <= pieceLength) return { ids: idsOf(text, 0), isWhole: true };
  if (fromEnd && text.length > mostLength) {
    const start = characterAt(text, text.length - mostLength);
    return { ids: idsOf(text.slice(start), start), isWhole: false };
  }
  if (fromEnd) return { ids: idsOf(text, 0), isWhole: true };
  let ids: number[] = [];
  let start = 0;
  while (start < Math.min(text.length, mostLength) && ids.length <= room) {
    const end = pieceEnd(text, start);
    ids = ids.concat(idsOf(text.slice(start, end), start));
    start = end;
  }
  return { ids, isWhole: start === text.length };
}

/** Before the last whitespace that follows a word in the piece's second half; else where the piece is full. */
function pieceEnd(text: string, start: number): number {
  const full = start + pieceLength;
  if (full >= text.length) return text.length;
  for (let end = full; end > full - pieceLength / 2; end--)
    if (isSpace(text, end) && !isSpace(text, end - 1)) return end;
  return characterAt(text, full);
}

function isSpace(text: string, at: number): boolean {
  return text[at] === " " || text[at] === "\n";
}

/** That place, or the one before where it would part a surrogate pair. */
function characterAt(text: string, at: number): number {
  return text.codePointAt(at - 1)! > 0xffff ? at - 1 : at;
}
