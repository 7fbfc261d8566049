import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const sources = join(import.meta.dirname, "../../packages/core/src/graph");

/** The methods of these classes, which extend one another, as they stand in the sources; what plugins emit first. */
const files = ["arithmetic", "shapes", "emitter", "graph"];
const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected | ts.ModifierFlags.Static;

/** A table of the public methods of `Graph`, with what their docstrings say. */
export function graphMethods(): string {
  const rows = files.flatMap((file) => {
    const path = join(sources, `${file}.ts`);
    const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
    const classes = source.statements.filter(ts.isClassDeclaration);
    return classes.flatMap(({ members }) =>
      members
        .filter(ts.isMethodDeclaration)
        .filter((method) => (ts.getCombinedModifierFlags(method) & hidden) === 0)
        .map((method) => [method.name.getText(), `| \`${signature(method)}\` | ${told(method)} |`] as const),
    );
  });
  const once = new Map(rows.filter(([, row]) => !row.endsWith("|  |")));
  return ["| method | |", "| --- | --- |", ...once.values(), ""].join("\n");
}

function signature(method: ts.MethodDeclaration): string {
  const parameters = method.parameters.map(({ name, questionToken, initializer }) => {
    const known = ts.isIdentifier(name) ? name.text : "options";
    return questionToken || initializer ? `${known}?` : known;
  });
  return `${method.name.getText()}(${parameters.join(", ")})`;
}

function told(method: ts.MethodDeclaration): string {
  const whole = method.getSourceFile().text;
  const comments = (ts.getLeadingCommentRanges(whole, method.pos) ?? []).map(({ pos, end }) => whole.slice(pos, end));
  const text = comments.findLast((comment) => comment.startsWith("/**")) ?? "";
  return text
    .replace(/^\/\*\*|\*\/$/g, "")
    .replaceAll(/^\s*\*\s?/gm, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/\s@param (\S+)/g, "; `$1`: ")
    .replaceAll(/[.;]?\s@returns/g, "; gives ")
    .replaceAll(/[.;]?\s@throws/g, "; throws ")
    .replaceAll(/ {2,}/g, " ")
    .replaceAll(/[.:]; /g, "; ")
    .replaceAll("|", "\\|")
    .trim();
}
