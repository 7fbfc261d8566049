/** What docs/architecture.md declares: the order of the rooms, and the imports of types that may go up. */
const document = "docs/architecture.md";
const families = "-- nothing below knows a family --";
const foundation = "-- nothing below imports from above --";

/** @returns `{ rank: room -> line of the order, knowsFamilies, foundation: sets of rooms, types: edges allowed }` */
export function readArchitecture({ documents }) {
  const text = documents.find(({ path }) => path === document)?.text ?? "";
  const block = /```order\n([\s\S]*?)```/.exec(text);
  if (!block) throw new Error(`${document} has no block \`\`\`order with the rooms of core, from the doors down.`);
  const lines = block[1].split("\n").map((line) => line.trim());
  for (const divider of [families, foundation]) {
    if (!lines.includes(divider)) throw new Error(`The block \`\`\`order of ${document} has no line "${divider}".`);
  }
  const roomsOf = (some) =>
    new Set(some.flatMap((line) => (line.startsWith("--") ? [] : line.split(/\s+/).filter(Boolean))));
  const rank = new Map(lines.flatMap((line, index) => [...roomsOf([line])].map((room) => [room, index])));
  const rows = [...text.matchAll(/^\| `([\w-]+)` -> `([\w-]+)` +\| (.*\S) +\|$/gm)];
  return {
    rank,
    knowsFamilies: roomsOf(lines.slice(0, lines.indexOf(families))),
    foundation: roomsOf(lines.slice(lines.indexOf(foundation))),
    types: new Set(rows.map(([, from, to]) => `${from} -> ${to}`)),
  };
}
