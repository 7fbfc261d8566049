/** Markup that is safe to put into a page. Made by `html` alone. */
export class Html {
  constructor(private readonly markup: string) {}

  toString(): string {
    return this.markup;
  }
}

/** What may stand in a template: text and numbers, which are escaped, and markup, which is not. */
export type Content = string | number | Html | readonly Content[];

/** Markup from a template. Whatever text stands in it is shown as it is, in elements as in quoted attributes. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(strings.reduce((markup, string, i) => markup + markupOf(contents[i - 1]!) + string));
}

function markupOf(content: Content): string {
  if (content instanceof Html) return content.toString();
  if (typeof content === "object") return content.map(markupOf).join("");
  return String(content).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
