/**
 * Lines that a family or a scheduler takes beside its formulas. Counted are lines with code, no comments and no brackets
 * alone: of the file that declares it what stands outside of functions (imports, options, the declaration itself, also where a
 * function makes it), and of other files the lines that register it. Functions, methods and bodies are formulas; what an
 * option or setting is (`optionsSchema({…})`, `options: {…}`, `settings: {…}`) is content, said again it is boilerplate.
 * Of a scheduler's `create` what would be a class's head counts as it does there: its first line, what it keeps from step
 * to step (`let`), and what it returns beside functions.
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

/** Classes of schedulers of a file, and the class names that it gives `defineScheduler`. */
function definedSchedulers(ast) {
  const names = [];
  const visit = (node) => {
    if (ts.isClassDeclaration(node)) names.push(node.name?.text);
    if (isSchedulerDefinition(node)) names.push(classNameOf(node.arguments[0]));
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return names.filter((name) => /^[A-Z]\w+Scheduler$/.test(name ?? ""));
}

function isSchedulerDefinition(node) {
  return ts.isCallExpression(node) && node.expression.text === "defineScheduler";
}

function classNameOf(definition) {
  return definition?.properties?.find(({ name }) => name?.text === "className")?.initializer.text;
}

function measure(id, title, goal, counts) {
  counts.sort((a, b) => b.lines - a.lines);
  return { id, title, goal, today: counts[0]?.lines ?? 0, places: counts.map(({ text }) => text) };
}

/**
 * The files of a folder that declare its pipelines: they say a class name of one, and have an object with `className` and
 * `settings`. What single files of released models are known to be has a `className` as well, and is knowledge.
 */
function declaring({ files }, folder, names) {
  return [...files.values()].filter(
    (file) => file.path.startsWith(folder) && saying(file, names).length > 0 && hasDeclaration(file.ast),
  );
}

function hasDeclaration(node) {
  const has = (key) => node.properties.some(({ name }) => name?.text === key);
  if (ts.isObjectLiteralExpression(node) && has("className") && has("settings")) return true;
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
  const creates = new Set();
  const lineAt = (position) => ast.getLineAndCharacterOfPosition(position).line;
  const leave = (from, to) => {
    for (let line = from; line <= to; line += 1) inside.add(line);
  };
  const visit = (node) => {
    if (isSchedulerDefinition(node)) creates.add(createOf(node.arguments[0]));
    const isFunction = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isAccessor(node);
    if (creates.has(node)) {
      for (const statement of bodyOf(node)) {
        const made = ts.isReturnStatement(statement) && statement.expression;
        if (made && ts.isObjectLiteralExpression(made)) visit(made);
        else if (!isState(statement)) leave(lineAt(statement.getStart(ast)), lineAt(statement.end));
      }
    } else if (isFunction && !hasDeclaration(node)) {
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

/** `create` of what `defineScheduler` is given, as a method or a function with a body. */
function createOf(definition) {
  const create = definition?.properties?.find(({ name }) => name?.text === "create");
  return create && ts.isPropertyAssignment(create) ? create.initializer : create;
}

function bodyOf({ body }) {
  return body?.statements ?? [];
}

function isState(statement) {
  return ts.isVariableStatement(statement) && (statement.declarationList.flags & ts.NodeFlags.Let) !== 0;
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
