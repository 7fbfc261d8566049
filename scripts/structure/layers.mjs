/** Measures of the rooms of core: circles, their order, and what the lowest ones import. */
import { readArchitecture } from "./architecture.mjs";
import { circles, core, importsBetweenRooms, placeOf, roomOf } from "./rooms.mjs";

export function layers(project) {
  const { rank, foundation, types } = readArchitecture(project);
  const imports = importsBetweenRooms(project);
  const byValue = imports.filter(({ isType }) => !isType);
  const isUp = ({ from, to }) => rank.get(from) >= rank.get(to);
  const free = imports.filter(({ from, to, isType }) => !(isType && types.has(`${from} -> ${to}`)));
  return [
    circle("value-circles", "rooms of core in an import circle, by value", byValue),
    circle("type-circles", "the same with types, but for those in docs/architecture.md", free),
    {
      id: "value-order",
      title: "imports by value against the order of the rooms",
      goal: 0,
      places: byValue.filter(isUp).map(placeOf),
    },
    {
      id: "type-order",
      title: "imports of types against it, but for those in docs/architecture.md",
      goal: 0,
      places: free.filter((one) => one.isType && isUp(one)).map(placeOf),
    },
    {
      id: "foundation",
      title: "imports by value from above in the lowest rooms",
      goal: 0,
      places: byValue.filter(({ from, to }) => foundation.has(from) && !foundation.has(to)).map(placeOf),
    },
    {
      id: "undeclared",
      title: "rooms and edges where docs/architecture.md is not true",
      goal: 0,
      places: untrue(project, imports, rank, types),
    },
  ];

  /** The edges told are those that go up, by the declared order: without them there is no circle. */
  function circle(id, title, edges) {
    const parts = circles(edges);
    const within = edges.filter(
      (edge) => isUp(edge) && parts.some((part) => part.includes(edge.from) && part.includes(edge.to)),
    );
    const places = [...parts.map((part) => `circle: ${part.join(", ")}`), ...within.map(placeOf)];
    return { id, title, goal: 0, today: parts.flat().length, places };
  }
}

function untrue({ files }, imports, rank, types) {
  const rooms = new Set([...files.keys()].filter((path) => path.startsWith(core)).map(roomOf));
  const edges = new Set(imports.filter(({ isType }) => isType).map(({ from, to }) => `${from} -> ${to}`));
  return [
    ...[...rooms].filter((room) => !rank.has(room)).map((room) => `${room} is not in the order of the rooms`),
    ...[...rank.keys()].filter((room) => !rooms.has(room)).map((room) => `${room} is in the order and is no room`),
    ...[...types].filter((edge) => !edges.has(edge)).map((edge) => `${edge} is listed and no types are imported there`),
  ];
}
