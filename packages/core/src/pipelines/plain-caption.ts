/** What Python's `str.strip` takes for whitespace; JavaScript's `trim` knows other characters. */
const space = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const ends = new RegExp(`^${space}|${space}$`, "g");

/** A prompt as PixArt's pipelines hand it to the tokenizer without `clean_caption`: in lower case, nothing around it. */
export function plainCaption(prompt: string): string {
  return prompt.toLowerCase().replace(ends, "");
}
