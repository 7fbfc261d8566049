import { type Content, Html, html } from "./html";
import { lensStyle } from "./lens";
import { style } from "./style";

/** Nothing is loaded, and nothing runs. */
const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/** A page that needs no other file. @param body everything below its heading */
export function htmlDocument(title: string, body: Content): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${title}</title>
<style>${new Html(style + lensStyle)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.toString();
}

/** What may be wider than the page; whoever has no mouse can scroll it, too. */
export function wide(name: string, content: Content): Html {
  return html`<div class="wide" role="region" aria-label="${name}" tabindex="0">${content}</div>`;
}
