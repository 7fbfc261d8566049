/** What Python's `str.strip` takes for whitespace; JavaScript's `trim` knows other characters. */
const space = new Set(
  "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000",
);

/** A prompt as PixArt's pipelines hand it to the tokenizer without `clean_caption`: in lower case, nothing around it. */
export function plainCaption(prompt: string): string {
  const text = prompt.toLowerCase();
  // No pattern that looks for whitespace at the end: it takes the square of a long run that ends in a word.
  let [start, end] = [0, text.length];
  while (start < end && space.has(text[start]!)) start++;
  while (end > start && space.has(text[end - 1]!)) end--;
  return text.slice(start, end);
}
