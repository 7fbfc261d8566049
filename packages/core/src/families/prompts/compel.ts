import { CompelGrammar, type CompelNode, type CompelOperation } from "./compel-grammar";
import { type Fragment, type PromptPart, plainPart, plainPrompt, type ReadPrompt } from "./read-prompt";

/**
 * compel's rules: `word+` is 1.1, `word--` 0.81, `(a b)1.3` and `"a b"1.3` are 1.3, and brackets in brackets are
 * multiplied; `("a", "b").blend(0.7, 0.3)` mixes, `("a", "b").and()` puts one behind the other. `.swap()` and
 * `withLora()` are refused.
 */
export function readCompel(prompt: string): ReadPrompt {
  const text = prompt.replace(/,(\S)/gu, ", $1"); // as compel does first
  if (text.trim() === "") return plainPrompt([{ text: "", weight: 1 }]);
  const grammar = new CompelGrammar(text);
  const found = grammar.operation();
  if (!found) {
    const fragments = fused(grammar.freely());
    return { ...plainPrompt(fragments.length > 0 ? fragments : [{ text: "", weight: 1 }]), problem: grammar.problem };
  }
  const read = operated(found.value);
  const rest = grammar.endsAt(found.end)
    ? undefined
    : `has text behind .${found.value.operator}(), which must stand alone`;
  return { ...read, problem: grammar.problem ?? read.problem ?? rest };
}

function operated({ operator, targets, options }: CompelOperation): ReadPrompt {
  const isMix = operator === "blend";
  const isNormalized = !(isMix && options.at(-1) === "no_normalize");
  const said = isNormalized ? options : options.slice(0, -1);
  const numbers = said.length === 0 ? targets.map(() => 1) : said.map(Number);
  const wrong = said.find((option) => Number.isNaN(Number(option)));
  const texts = targets.map(fused);
  const problem =
    wrong !== undefined
      ? `has .${operator}() with "${wrong.slice(0, 40)}", which is no number`
      : numbers.length !== targets.length
        ? `has .${operator}() of ${targets.length} texts with ${numbers.length} numbers. Give one for each`
        : isMix && texts.some((fragments) => fragments.length === 0)
          ? "has .blend() with brackets around nothing"
          : isMix && isNormalized && numbers.reduce((sum, share) => sum + share, 0) === 0
            ? "has .blend() with numbers whose sum is 0"
            : undefined;
  const strands = texts.map((fragments, i) => ({ fragments, share: numbers[i] ?? 1 }));
  if (isMix) return { parts: [{ strands, isNormalized, weight: 1 }], problem };
  const parts = strands
    .filter(({ fragments }) => fragments.length > 0)
    .map(({ fragments, share }): PromptPart => ({ ...plainPart(fragments), weight: share }));
  return { ...(parts.length > 0 ? { parts } : plainPrompt([{ text: "", weight: 1 }])), problem };
}

/** Pieces with the weights of all that is around them; neighbours of one weight are one piece. */
function fused(nodes: readonly CompelNode[]): Fragment[] {
  const pieces: { texts: string[]; weight: number }[] = [];
  const add = (inner: readonly CompelNode[], weight: number): void => {
    for (const node of inner) {
      if ("inner" in node) add(node.inner, weight * node.weight);
      else if (pieces.at(-1)?.weight === weight) pieces.at(-1)!.texts.push(node.text);
      else pieces.push({ texts: [node.text], weight });
    }
  };
  add(nodes, 1);
  return pieces.map(({ texts, weight }) => ({ text: texts.map(unescaped).join(" "), weight }));
}

/** compel takes backslashes away again each time that it joins pieces. */
function unescaped(text: string): string {
  return text.replace(/(\\+)([()"])?/g, (_, slashes: string, mark?: string) => mark ?? slashes);
}
