import { type Html, html } from "./html";
import { addressOf } from "./picture";

export interface Download {
  readonly name: string;
  readonly type: "text/csv" | "application/json";
  readonly content: string;
}

/** Links that save numbers of a page, which are in it. */
export function downloads(files: readonly Download[]): Html {
  return html`<p>Numbers: ${files.map(
    ({ name, type, content }, i) =>
      html`${i > 0 ? ", " : ""}<a download="${name}" href="${addressOf(type, Buffer.from(content))}">${name}</a>`,
  )}</p>`;
}
