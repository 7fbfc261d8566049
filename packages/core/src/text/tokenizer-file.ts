/** Whether a file in a tokenizer's folder may be one that it is read from, by its name. */
export function isTokenizerFile(name: string): boolean {
  return /\.(json|txt|model|jinja)$/.test(name);
}
