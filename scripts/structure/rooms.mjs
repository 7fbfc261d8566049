/** The rooms of core, the imports between them, and the circles that these make. */
export const core = "packages/core/src/";

/** The first folder below core's sources; a file beside the folders is a room of its own. */
export function roomOf(path) {
  return path.slice(core.length).split("/")[0].replace(/\.ts$/, "");
}

/** @returns imports from room to room: `{ from, to, path, target, line, isType }` */
export function importsBetweenRooms({ files }) {
  return [...files.values()]
    .filter(({ path }) => path.startsWith(core))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ target }) => target?.startsWith(core) && roomOf(target) !== roomOf(path))
        .map(({ target, line, isType }) => ({ from: roomOf(path), to: roomOf(target), path, target, line, isType })),
    );
}

/** Sets of rooms that reach each other by imports (strongly connected parts of two and more), by Tarjan's algorithm. */
export function circles(imports) {
  const next = new Map();
  for (const { from, to } of imports) {
    next.set(from, (next.get(from) ?? new Set()).add(to));
    if (!next.has(to)) next.set(to, new Set());
  }
  const index = new Map();
  const low = new Map();
  const open = [];
  const found = [];
  const visit = (room) => {
    index.set(room, index.size);
    low.set(room, index.get(room));
    open.push(room);
    for (const other of next.get(room)) {
      if (!index.has(other)) {
        visit(other);
        low.set(room, Math.min(low.get(room), low.get(other)));
      } else if (open.includes(other)) low.set(room, Math.min(low.get(room), index.get(other)));
    }
    if (low.get(room) !== index.get(room)) return;
    const part = open.splice(open.indexOf(room));
    if (part.length > 1) found.push(part.sort());
  };
  for (const room of next.keys()) if (!index.has(room)) visit(room);
  return found;
}

/** How a place is printed. */
export function placeOf({ from, to, path, line, target, isType }) {
  return `${from} -> ${to}: ${path}:${line} imports ${target.slice(core.length)}${isType ? " (types)" : ""}`;
}
