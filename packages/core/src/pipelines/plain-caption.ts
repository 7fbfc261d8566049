/** What Python's `str.strip` takes for whitespace; JavaScript's `trim` knows other characters. */
const space = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** A prompt as PixArt's pipelines hand it to the tokenizer without `clean_caption`: in lower case, nothing around it. */
export function plainCaption(prompt: string): string {
  const text = prompt.toLowerCase();
  // No pattern that looks for whitespace at the end: it takes the square of a long run that ends in a word.
  let [start, end] = [0, text.length];
  while (start < end && space.test(text[start]!)) start++;
  while (end > start && space.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}
