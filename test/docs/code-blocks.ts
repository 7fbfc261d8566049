export interface CodeBlock {
  /** With a newline at the end. */
  readonly code: string;
  /** 1-based, of its first line of code. */
  readonly line: number;
}

/** The fenced blocks of one language in a Markdown text. */
export function codeBlocks(markdown: string, language: string): CodeBlock[] {
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm");
  return [...markdown.matchAll(fence)].map(({ 1: code, index }) => ({
    code: code!,
    line: markdown.slice(0, index).split("\n").length + 1,
  }));
}
