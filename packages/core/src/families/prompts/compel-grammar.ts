/** What a prompt is to compel: words, and weights of what they surround. */
export type CompelNode = { readonly text: string } | { readonly weight: number; readonly inner: readonly CompelNode[] };

/** What was read, and where it ends. */
interface Found<Value> {
  readonly value: Value;
  readonly end: number;
}

/** An operator behind the whole prompt: `("a", "b").blend(0.7, 0.3)`. */
export interface CompelOperation {
  readonly operator: "blend" | "and";
  readonly targets: readonly (readonly CompelNode[])[];
  /** Numbers and words as they are written; `key=value` as one. */
  readonly options: readonly string[];
}

/** Brackets in brackets. */
const deepest = 64;

const escapes = '()",.+-=';
const isSpace = (letter: string | undefined): boolean => letter !== undefined && " \n\t\r".includes(letter);
const isSyntax = (letter: string | undefined): boolean => letter !== undefined && escapes.includes(letter);

/**
 * Reads compel's syntax (https://github.com/damian0815/compel, 2.5) at places of a text; `undefined` where it is not
 * there, and then the text is words.
 */
export class CompelGrammar {
  /** What cannot be followed, in words that follow the setting's name. */
  problem: string | undefined;
  /** Brackets by their place: each is read once. */
  private readonly known = new Map<number, Found<CompelNode[]> | undefined>();

  constructor(
    private readonly text: string,
    /** Brackets and quotes that are open where it reads. */
    private open = 0,
  ) {}

  /** The whole text, where everything that is no syntax is a word up to the next whitespace. */
  freely(): CompelNode[] {
    const nodes: CompelNode[] = [];
    for (let at = this.skip(0); at < this.text.length; at = this.skip(at)) {
      const found = this.operated(at) ?? this.quoted(at) ?? this.bracketed(at) ?? this.freeWord(at);
      for (const node of found.value) nodes.push(node);
      at = found.end;
    }
    return nodes;
  }

  /** The whole text, where all must be syntax or words without any. */
  strictly(): CompelNode[] | undefined {
    const { value, end } = this.inside(0);
    return this.skip(end) === this.text.length ? value : undefined;
  }

  /** An operator, which the text begins with. */
  operation(): Found<CompelOperation> | undefined {
    const targets: CompelNode[][] = [];
    let at = this.skip(0);
    if (this.text[at] !== "(") return undefined;
    do {
      const found = this.target(at + 1) ?? this.quotedFreely(at + 1);
      if (!found) return undefined;
      targets.push(found.value);
      at = this.skip(found.end);
    } while (this.text[at] === ",");
    if (this.text[at] !== ")") return undefined;
    at = this.skip(at + 1);
    const operator = [".blend", ".and", ".add"].find((name) => this.text.startsWith(name, at));
    const options = operator === undefined ? undefined : this.options(at + operator.length);
    if (!options) return undefined;
    return {
      value: { operator: operator === ".blend" ? "blend" : "and", targets, options: options.value },
      end: options.end,
    };
  }

  /** Whether nothing but whitespace is left. */
  endsAt(at: number): boolean {
    return this.skip(at) === this.text.length;
  }

  private options(from: number): Found<string[]> | undefined {
    let at = this.skip(from);
    if (this.text[at] !== "(") return undefined;
    const values: string[] = [];
    for (at = this.skip(at + 1); this.text[at] !== ")"; ) {
      const option = this.match(
        /[\w-]+\s*=\s*(?:[+-]?(?:\d+\.\d*|\d*\.\d+)|[\w-]+)|[+-]?(?:\d+\.\d*|\d*\.\d+)|-?\d+|[\w-]+/y,
        at,
      );
      if (option === undefined) return undefined;
      values.push(option);
      at = this.skip(at + option.length);
      if (this.text[at] === ",") at = this.skip(at + 1);
      else if (this.text[at] !== ")") return undefined;
    }
    return { value: values, end: at + 1 };
  }

  /** Between brackets, or in quotes. */
  private inside(from: number): Found<CompelNode[]> {
    const value: CompelNode[] = [];
    let end = from;
    for (;;) {
      const at = this.skip(end);
      const found = this.operated(at) ?? this.bracketed(at) ?? this.quoted(at) ?? this.plainWord(at) ?? this.mark(at);
      if (!found) return { value, end };
      for (const node of found.value) value.push(node);
      end = found.end;
    }
  }

  /** Something with a weight behind it; what compel does besides is refused. */
  private operated(at: number): Found<CompelNode[]> | undefined {
    if (this.match(/(?:useLora|withLora)\s*\(/y, at) !== undefined)
      this.problem ??= 'names a LoRA, which belongs into the config, in "lora"';
    const enclosed = this.quoted(at) ?? this.bracketed(at);
    const target = enclosed ?? this.plainWord(at);
    if (!target) return undefined;
    const behind = this.skip(target.end);
    if (this.match(/\.swap\s*\(/y, behind) !== undefined)
      this.problem ??= "has .swap(), which changes attention within the model, and is not done here";
    const explicit = this.match(/\.attend\s*\(\s*/y, behind);
    const said = explicit === undefined ? undefined : this.weight(behind + explicit.length, true);
    const closing = said && this.skip(said.end);
    if (said && this.text[closing!] === ")") return weighted(target, said.value, closing! + 1);
    const implicit = this.weight(target.end, enclosed !== undefined);
    return implicit && weighted(target, implicit.value, implicit.end);
  }

  /** `++`, `--`, and where it may be one a number. */
  private weight(at: number, isNumberToo: boolean): Found<number> | undefined {
    const signs = this.match(/\++|-+/y, at);
    if (signs !== undefined)
      return { value: (signs.startsWith("+") ? 1.1 : 0.9) ** signs.length, end: at + signs.length };
    const number = isNumberToo ? this.match(/\d+\.\d*|\d*\.\d+|\d+/y, at) : undefined;
    return number === undefined ? undefined : { value: Number(number), end: at + number.length };
  }

  private target(at: number): Found<CompelNode[]> | undefined {
    const from = this.skip(at);
    return this.quoted(from) ?? this.bracketed(from) ?? this.plainWord(from);
  }

  /** `(a b)`, without the brackets. */
  private bracketed(at: number): Found<CompelNode[]> | undefined {
    if (this.text[at] !== "(") return undefined;
    if (this.known.has(at)) return this.known.get(at);
    const found = this.inBrackets(at);
    this.known.set(at, found);
    return found;
  }

  private inBrackets(at: number): Found<CompelNode[]> | undefined {
    if (this.open >= deepest) {
      this.problem ??= `has brackets in brackets, more than ${deepest} deep`;
      return undefined;
    }
    this.open++;
    const { value, end } = this.inside(at + 1);
    this.open--;
    const closing = this.skip(end);
    return this.text[closing] === ")" ? { value, end: closing + 1 } : undefined;
  }

  /** `"a b"`, read as what stands in brackets. */
  private quoted(at: number): Found<CompelNode[]> | undefined {
    return this.inQuotes(at, (inner) => inner.strictly());
  }

  private quotedFreely(at: number): Found<CompelNode[]> | undefined {
    return this.inQuotes(this.skip(at), (inner) => inner.freely());
  }

  private inQuotes(
    at: number,
    read: (inner: CompelGrammar) => CompelNode[] | undefined,
  ): Found<CompelNode[]> | undefined {
    if (this.text[at] !== '"') return undefined;
    const end = this.quoteEnd(at + 1);
    if (end === undefined) return undefined;
    const content = this.text
      .slice(at + 1, end)
      .replaceAll('\\"', '"')
      .replace(/\\[tnfr]/g, " ");
    if (content.trim() === "") return { value: [{ text: "" }], end: end + 1 };
    const inner = new CompelGrammar(content.replaceAll('"', '\\"'), this.open + 1);
    const value = read(inner);
    this.problem ??= inner.problem;
    return value && { value, end: end + 1 };
  }

  /** The first quote that is not `\"`; where there is none, the last of all. */
  private quoteEnd(from: number): number | undefined {
    let last: number | undefined;
    for (let at = from; at < this.text.length; at++) {
      const letter = this.text[at];
      if (letter === "\n" || letter === "\r") break;
      if (letter !== '"') continue;
      if (this.text[at - 1] !== "\\" || at === from) return at;
      last = at;
    }
    return last;
  }

  /** A word without syntax. */
  private plainWord(at: number): Found<CompelNode[]> | undefined {
    let end = at;
    for (let next = this.letter(end); next > end; next = this.letter(end)) end = next;
    return end === at ? undefined : { value: [{ text: this.text.slice(at, end) }], end };
  }

  /** The end of a word's next letter, or the same place where the word ends. */
  private letter(at: number): number {
    const [letter, following] = [this.text[at], this.text[at + 1]];
    if (letter === undefined) return at;
    if (letter === "\\" && isSyntax(following)) return at + 2;
    if (letter === "+" || letter === "-")
      return following === undefined || /\s/.test(following) || isSyntax(following) ? at : at + 1;
    return isSyntax(letter) || /\s/.test(letter) ? at : at + 1;
  }

  private mark(at: number): Found<CompelNode[]> | undefined {
    const letter = this.text[at];
    return letter === "," || letter === "." ? { value: [{ text: letter }], end: at + 1 } : undefined;
  }

  private freeWord(at: number): Found<CompelNode[]> {
    const text = this.match(/\S+/y, at) ?? this.text[at]!;
    return { value: [{ text }], end: at + text.length };
  }

  private skip(from: number): number {
    let at = from;
    while (isSpace(this.text[at])) at++;
    return at;
  }

  private match(pattern: RegExp, at: number): string | undefined {
    pattern.lastIndex = at;
    return pattern.exec(this.text)?.[0];
  }
}

function weighted({ value }: Found<CompelNode[]>, weight: number, end: number): Found<CompelNode[]> {
  return { value: [{ weight, inner: value }], end };
}
