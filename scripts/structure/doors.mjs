/** Measures of core's doors: what goes around them, and what nobody takes through them. */
import { exportsOf } from "./project.mjs";
import { core } from "./rooms.mjs";

export function doors(project) {
  const { unused, total } = unusedExports(project);
  return [
    { id: "core-imports", title: "imports of core's sources from outside of core", goal: 0, ...around(project, "src") },
    { id: "core-test-imports", title: "imports of core's tests from outside of core", ...around(project, "test") },
    { id: "unused-exports", title: `exports of core's doors that nobody uses (of ${total})`, goal: 0, places: unused },
  ];
}

/** Imports of a folder of core past its doors: how many in each place, then each of them. */
function around({ files }, folder) {
  const counts = new Map();
  const found = [...files.values()]
    .filter(({ path }) => !path.startsWith("packages/core/"))
    .flatMap(({ path, imports }) =>
      imports
        .filter((one) => isCoresOwn(one, folder))
        .map(({ line, specifier }) => {
          const place = path.split("/").slice(0, -1).slice(0, 3).join("/");
          counts.set(place, (counts.get(place) ?? 0) + 1);
          return `${path}:${line} imports ${specifier}`;
        }),
    );
  return { today: found.length, places: [...[...counts].map(([place, count]) => `${place}: ${count}`), ...found] };
}

function isCoresOwn({ target, specifier }, folder) {
  if (!specifier.startsWith(".")) return specifier.startsWith(`@skipstep/core/${folder}`);
  return target?.startsWith(`packages/core/${folder}/`) || specifier.includes(`/core/${folder}/`);
}

/** Used is what packages, plugins, tools, tests, benchmarks and examples import, and what documents for users say in code. */
function unusedExports(project) {
  const core_ = project.packages.find(({ folder }) => folder === "packages/core");
  const users = [...project.files.values()].filter(({ path }) => !path.startsWith(core));
  const said = new Set(project.documents.filter(({ path }) => isForUsers(path)).flatMap(({ text }) => codeWords(text)));
  let total = 0;
  const unused = [];
  for (const [door, path] of core_?.doors ?? []) {
    const taken = new Set(users.flatMap((file) => takenThrough(file, path)));
    for (const name of exportsOf(project, path)) {
      total += 1;
      if (!taken.has(name) && !said.has(name)) unused.push(`${door}: ${name}`);
    }
  }
  if (total === 0) throw new Error("The doors of packages/core were not found.");
  return { unused, total };
}

function takenThrough({ imports, words }, door) {
  return imports
    .filter(({ target }) => target === door)
    .flatMap(({ names, isWhole }) =>
      isWhole || names.some(({ imported }) => imported === "*")
        ? words.map(({ text }) => text)
        : names.map(({ imported }) => imported),
    );
}

/** These tell contributors what lies inside. */
function isForUsers(path) {
  return !/^docs\/(architecture|decisions)\.md$|CHANGELOG\.md$/.test(path);
}

function codeWords(markdown) {
  const code = markdown.match(/```[\s\S]*?```|`[^`\n]+`/g) ?? [];
  return code.flatMap((text) => text.match(/\w+/g) ?? []);
}
