import { type Content, Html, html } from "./html";
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
<style>${new Html(style)}</style>
</head>
<body>
<h1>${title}</h1>
${body}
</body>
</html>
`.toString();
}
