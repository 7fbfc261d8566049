import type { Random } from "./random";

/**
 * A text with a few of its words left out, doubled, moved or replaced by one another; nothing new comes in, so that a
 * program stays about as long as it ran before.
 */
export function mutateText(text: string, random: Random): string {
  const words = text.match(/\s+|\w+|[^\s\w]/g) ?? [];
  for (let i = random.few(); i > 0 && words.length > 0; i--) {
    const at = random.below(words.length);
    const kind = random.below(4);
    if (kind === 0) words.splice(at, 1 + random.below(3));
    else if (kind === 1) words.splice(at, 0, words[at]!);
    else if (kind === 2) words[at] = random.pick(words);
    else words.splice(random.below(words.length), 0, ...words.splice(at, 1 + random.below(3)));
  }
  return words.join("");
}
