/** The class names that families and schedulers declare, and where code (no comments) says them. */
import ts from "typescript";
import { core } from "./rooms.mjs";

/** @returns {Map<string, Set<string>>} class names of pipelines and models, and the folders of families that declare them */
export function familyClasses({ files }) {
  const classes = new Map();
  for (const { path, ast, words } of files.values()) {
    const [folder, below] = path.startsWith(`${core}families/`) ? path.slice(`${core}families/`.length).split("/") : [];
    if (!below) continue;
    const spoken = words.filter(
      ({ text, isName }) => !isName && /^[A-Z]\w*(Pipeline|Model|Model\w*Projection)$/.test(text),
    );
    for (const name of [...declared(ast), ...spoken.map(({ text }) => text)]) {
      if (!/^[A-Z]\w+$/.test(name) || /(Scheduler|Tokenizer|TokenizerFast)$/.test(name)) continue;
      classes.set(name, (classes.get(name) ?? new Set()).add(folder));
    }
  }
  if (classes.size === 0) throw new Error(`No class name of a family was found below ${core}families.`);
  return classes;
}

/** `className: "X"`, `_class_name: "X"`, `aliases: ["X"]`, and X of `{ X: { architecture: … } }`. */
function declared(node) {
  const own = ts.isPropertyAssignment(node) ? declaredBy(node) : [];
  const below = [];
  ts.forEachChild(node, (child) => {
    below.push(...declared(child));
  });
  return [...own, ...below];
}

function declaredBy({ name, initializer }) {
  if (/^(className|_class_name)$/.test(name.text)) return ts.isStringLiteralLike(initializer) ? [initializer.text] : [];
  if (name.text === "aliases")
    return ts.isArrayLiteralExpression(initializer) ? initializer.elements.map(({ text }) => text) : [];
  const fields = ts.isObjectLiteralExpression(initializer) ? initializer.properties : [];
  return fields.some((field) => field.name?.text === "architecture") ? [name.text] : [];
}

/** Class names of schedulers: what their definitions and classes are called. */
export function schedulerClasses({ files }) {
  const names = new Set();
  for (const { path, words } of files.values()) {
    if (!path.startsWith(`${core}schedulers/`)) continue;
    for (const { text } of words) if (/^[A-Z]\w+Scheduler$/.test(text)) names.add(text);
  }
  if (names.size === 0) throw new Error(`No class name of a scheduler was found below ${core}schedulers.`);
  return names;
}

/** Places where a file's code says one of the names as a whole word: `{ name, line }`. */
export function saying({ words }, names) {
  return words.flatMap(({ text, line }) =>
    (text.match(/\w+/g) ?? []).filter((word) => names.has(word)).map((name) => ({ name, line })),
  );
}
