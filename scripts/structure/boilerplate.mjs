/**
 * Lines that a family or a scheduler takes beside its formulas. Counted are lines with code, no comments and no brackets
 * alone: of the file that declares it what stands outside of functions (imports, options, the declaration itself, also where a
 * function makes it), and of other files the lines that register it. Functions, methods and bodies are formulas; what an
 * option or setting is (`optionsSchema({…})`, `options: {…}`, `settings: {…}`) is content, said again it is boilerplate.
 */
import ts from "typescript";
import { ownClasses, pipelineFolders } from "./families.mjs";
import { familyClasses, saying } from "./names.mjs";
import { core } from "./rooms.mjs";

export function boilerplate(project) {
  const classes = familyClasses(project);
  const families = pipelineFolders(classes).map((family) => {
    const folder = `${core}families/${family}/`;
    const names = new Set([...ownClasses(classes, family)].filter((name) => name.endsWith("Pipeline")));
    return count(project, family, folder, declaring(project, folder, names), ownClasses(classes, family));
  });
  const schedulers = [...project.files.values()]
    .filter(({ path }) => path.startsWith(`${core}schedulers/`))
    .flatMap((file) => {
      const [name, ...more] = definedSchedulers(file.ast);
      return name ? [count(project, name, file.path, [file], new Set([name, ...more]))] : [];
    });
  if (families.length === 0 || schedulers.length === 0) throw new Error("No family or no scheduler was found.");
  return [
    measure("family-boilerplate", "boilerplate lines of a family, the most of one", 39, families),
    measure("scheduler-boilerplate", "boilerplate lines of a scheduler, the most of one", 24, schedulers),
  ];
}

/** Classes of schedulers of a file, and what it gives `defineScheduler`. */
function definedSchedulers(ast) {
  const names = [];
  const visit = (node) => {
    if (ts.isClassDeclaration(node)) names.push(node.name?.text);
    if (ts.isCallExpression(node) && node.expression.text === "defineScheduler") names.push(node.arguments[0]?.text);
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return names.filter((name) => /^[A-Z]\w+Scheduler$/.test(name ?? ""));
}

function measure(id, title, goal, counts) {
  counts.sort((a, b) => b.lines - a.lines);
  return { id, title, goal, today: counts[0]?.lines ?? 0, places: counts.map(({ text }) => text) };
}

/** The files of a folder that declare its pipelines: they say a class name of one, and have an object with `className`. */
function declaring({ files }, folder, names) {
  return [...files.values()].filter(
    (file) => file.path.startsWith(folder) && saying(file, names).length > 0 && hasDeclaration(file.ast),
  );
}

function hasDeclaration(node) {
  if (ts.isObjectLiteralExpression(node) && node.properties.some(({ name }) => name?.text === "className")) return true;
  return ts.forEachChild(node, (child) => hasDeclaration(child) || undefined) ?? false;
}

/** @param place the folder or the file of what is counted: what stands elsewhere registers it */
function count({ files }, name, place, declarations, classes) {
  const own = Math.max(0, ...declarations.map((file) => linesOutsideFunctions(file).size));
  const registered = [...files.values()]
    .filter(({ path }) => path.startsWith(core) && !path.startsWith(place))
    .map((file) => registering(file, place, classes).size)
    .reduce((sum, lines) => sum + lines, 0);
  return { lines: own + registered, text: `${name}: ${own + registered} (${own} of its own, ${registered} elsewhere)` };
}

function registering(file, place, classes) {
  const imports = file.imports.filter(({ target }) => target?.startsWith(place));
  const locals = new Set([...imports.flatMap(({ names }) => names.map(({ local }) => local)), ...classes]);
  return new Set([...imports, ...saying(file, locals)].map(({ line }) => line));
}

function linesOutsideFunctions({ ast, text }) {
  const inside = new Set();
  const lineAt = (position) => ast.getLineAndCharacterOfPosition(position).line;
  const leave = (from, to) => {
    for (let line = from; line <= to; line += 1) inside.add(line);
  };
  const visit = (node) => {
    const isFunction = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node);
    if (isFunction && !hasDeclaration(node)) {
      leave(lineAt(node.getStart(ast)), lineAt(node.end));
    } else if ((ts.isArrowFunction(node) || ts.isConstructorDeclaration(node)) && node.body) {
      leave(lineAt(node.body.getStart(ast)) + 1, lineAt(node.end));
    } else if (isContent(node)) {
      leave(lineAt(node.getStart(ast)) + 1, lineAt(node.end) - 1);
    } else ts.forEachChild(node, visit);
  };
  visit(ast);
  const lines = withoutComments(text, ast).split("\n");
  return new Set([...lines.keys()].filter((line) => !inside.has(line) && /\w/.test(lines[line])));
}

/** Schemas of options: an argument of `optionsSchema()`, or what `options`, `schema` and `settings` are. */
function isContent(node) {
  if (ts.isCallExpression(node)) return /^(options|settings)Schema$/.test(node.expression.text ?? "");
  return (
    ts.isPropertyAssignment(node) &&
    /^(options|schema|settings)$/.test(node.name.text) &&
    ts.isObjectLiteralExpression(node.initializer)
  );
}

/** The text with comments blanked, so that lines keep their numbers. */
export function withoutComments(text, ast) {
  const ranges = new Map();
  const visit = (node) => {
    const before = ts.getLeadingCommentRanges(text, node.pos) ?? [];
    const after = ts.getTrailingCommentRanges(text, node.end) ?? [];
    for (const { pos, end } of [...before, ...after]) ranges.set(pos, end);
    ts.forEachChild(node, visit);
  };
  visit(ast);
  const blank = (all, [pos, end]) => all.slice(0, pos) + all.slice(pos, end).replace(/[^\n]/g, " ") + all.slice(end);
  return [...ranges].reduce(blank, text);
}
