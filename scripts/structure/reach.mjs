/**
 * Lines that no door, command or thread of a package reaches: from the entries' exports on, a declaration reaches what it
 * names in its own file and what it imports, types as well. What is left over only tests can reach.
 */
import { isShipped, resolve } from "./project.mjs";

export function reach(project) {
  const reached = reachedFrom(
    project,
    project.packages.flatMap(({ entries }) => entries),
  );
  const places = [];
  let lines = 0;
  const add = (count, text) => {
    lines += count;
    places.push(`${text}: ${count} lines`);
  };
  for (const file of project.files.values()) {
    if (!isShipped(file.path)) continue;
    if (!reached.files.has(file)) add(file.lines, file.path);
    else {
      for (const statement of file.statements) {
        if (reached.statements.has(statement)) continue;
        add(statement.to - statement.from + 1, `${file.path}:${statement.from} ${statement.names.join(", ")}`);
      }
    }
  }
  return [{ id: "unreached", title: "source lines that only tests reach", goal: 0, today: lines, places }];
}

function reachedFrom(project, entries) {
  const reached = { files: new Set(), statements: new Set() };
  const wholes = new Set();
  const exported = new Set();
  for (const path of entries) reachAll(path);
  return reached;

  function reachAll(path) {
    const file = project.files.get(path);
    if (!file || wholes.has(path)) return;
    wholes.add(path);
    reachFile(file);
    for (const name of file.exported.keys()) reachExport(path, name);
    for (const specifier of file.stars) reachAll(resolve(project, path, specifier));
  }

  /** What runs or counts as soon as a file is loaded. */
  function reachFile(file) {
    if (reached.files.has(file)) return;
    reached.files.add(file);
    for (const statement of file.statements) if (!statement.isDeclaration) reachStatement(file, statement);
    for (const { isEffect, target } of file.imports) if (isEffect) reachAll(target);
  }

  function reachExport(path, name) {
    const file = project.files.get(path);
    if (!file || exported.has(`${path} ${name}`)) return;
    exported.add(`${path} ${name}`);
    const known = file.exported.get(name);
    if (!known) for (const specifier of file.stars) reachExport(resolve(project, path, specifier), name);
    else {
      reachFile(file);
      if (known.specifier === undefined) reachLocal(file, known.local);
      else follow(resolve(project, path, known.specifier), known.local);
    }
  }

  function follow(path, name) {
    if (name === "*") reachAll(path);
    else reachExport(path, name);
  }

  function reachLocal(file, local) {
    for (const statement of file.statements) if (statement.names.includes(local)) reachStatement(file, statement);
    for (const { names, target } of file.imports) {
      for (const name of names) if (name.local === local) follow(target, name.imported);
    }
  }

  function reachStatement(file, statement) {
    if (reached.statements.has(statement)) return;
    reached.statements.add(statement);
    reachFile(file);
    for (const name of statement.uses) reachLocal(file, name);
    for (const specifier of statement.loads) reachAll(resolve(project, file.path, specifier));
  }
}
