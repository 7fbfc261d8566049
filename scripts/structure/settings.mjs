/**
 * What a new generation setting passes: declarations outside of its family that say a setting which only one family has.
 * Words that schedulers have too (`timesteps`) are left out.
 */
import ts from "typescript";
import { core } from "./rooms.mjs";

export function settingDeclarations(project) {
  const counts = [...ownSettings(project)].map((setting) => {
    const places = [...project.files.values()]
      .filter(({ path }) => path.startsWith(core) && !path.startsWith(`${core}families/`))
      .flatMap(({ path, statements, words }) =>
        statements
          .filter(({ from, to }) => words.some(({ text, line }) => text === setting && line >= from && line <= to))
          .map(({ from }) => `${path.slice(core.length)}:${from}`),
      );
    return { count: places.length, text: `${setting}: ${places.length} (${places.join(", ")})` };
  });
  counts.sort((a, b) => b.count - a.count);
  return [
    {
      id: "setting-places",
      title: "declarations outside of its family of a setting, the most of one",
      goal: 0,
      today: counts[0]?.count ?? 0,
      places: counts.filter(({ count }) => count > 0).map(({ text }) => text),
    },
  ];
}

/** Settings of one family's folder only: entries of `takes: […]`, keys of `settings: {…}` and of constants `…Settings`. */
function ownSettings({ files }) {
  const folders = new Map();
  for (const { path, ast } of files.values()) {
    if (!path.startsWith(`${core}families/`)) continue;
    const folder = path.slice(`${core}families/`.length).split("/")[0];
    for (const setting of settingsIn(ast)) folders.set(setting, (folders.get(setting) ?? new Set()).add(folder));
  }
  if (folders.size === 0)
    throw new Error(`No setting of a family ("takes" or "settings") was found below ${core}families.`);
  const schedulers = [...files.values()].filter(({ path }) => path.startsWith(`${core}schedulers/`));
  const taken = new Set(schedulers.flatMap(({ words }) => words.map(({ text }) => text)));
  return [...folders].filter(([setting, where]) => where.size === 1 && !taken.has(setting)).map(([setting]) => setting);
}

function settingsIn(node) {
  const isNamed = ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node);
  const found = isNamed && /^(takes|settings|\w+Settings)$/.test(node.name.text ?? "") ? keysOf(node.initializer) : [];
  ts.forEachChild(node, (child) => {
    found.push(...settingsIn(child));
  });
  return found.filter(Boolean);
}

/** Entries of a list, keys of an object, or those of what a function is given: `settingsSchema({…})`. */
function keysOf(node) {
  if (!node) return [];
  if (ts.isArrayLiteralExpression(node)) return node.elements.map(({ text }) => text);
  if (ts.isObjectLiteralExpression(node)) return node.properties.map(({ name }) => name?.text);
  return ts.isCallExpression(node) ? node.arguments.flatMap(keysOf) : [];
}
