/** Measures of what knows a family: imports and names below the families, and files outside of a family's folder. */
import { readArchitecture } from "./architecture.mjs";
import { familyClasses, saying, schedulerClasses } from "./names.mjs";
import { core, importsBetweenRooms, placeOf, roomOf } from "./rooms.mjs";

export function families(project) {
  const { knowsFamilies } = readArchitecture(project);
  const classes = familyClasses(project);
  const below = [...project.files.values()].filter(
    ({ path }) => path.startsWith(core) && !knowsFamilies.has(roomOf(path)),
  );
  const imports = importsBetweenRooms(project).filter(({ from, to }) => to === "families" && !knowsFamilies.has(from));
  const schedulers = schedulerClasses(project);
  const mayNameSchedulers = new Set(["schedulers", "families"]);
  const others = [...project.files.values()].filter(
    ({ path }) => path.startsWith(core) && !mayNameSchedulers.has(roomOf(path)),
  );
  return [
    { id: "family-imports", title: "imports of families from rooms below them", goal: 0, places: imports.map(placeOf) },
    {
      id: "family-names",
      title: "class names of models in code of rooms below families",
      goal: 0,
      places: named(below, classes),
    },
    {
      id: "scheduler-names",
      title: "class names of schedulers outside schedulers and families",
      goal: 0,
      places: named(others, schedulers),
    },
    touched(project, classes),
  ];
}

function named(files, names) {
  return files.flatMap((file) => saying(file, names).map(({ name, line }) => `${file.path}:${line} says ${name}`));
}

/** Source files outside of a family's folder that import from it or say a class name that only it declares. */
function touched(project, classes) {
  const counts = pipelineFolders(classes).map((family) => {
    const files = touchedBy(project, classes, family);
    return {
      family,
      files,
      text: `${family}: ${files.length} (${files.map((path) => path.replace(core, "")).join(", ")})`,
    };
  });
  counts.sort((a, b) => b.files.length - a.files.length);
  return {
    id: "family-files",
    title: "files touched outside of a family's folder, the most of a family",
    goal: 1,
    today: counts[0]?.files.length ?? 0,
    places: counts.map(({ text }) => text),
  };
}

/** The folders that declare a pipeline; the others below families/ hold what several share. */
export function pipelineFolders(classes) {
  return [
    ...new Set([...classes].filter(([name]) => name.endsWith("Pipeline")).flatMap(([, folders]) => [...folders])),
  ];
}

export function touchedBy({ files }, classes, family) {
  const folder = `${core}families/${family}/`;
  const own = ownClasses(classes, family);
  return [...files.values()]
    .filter(({ path }) => /^packages\/[^/]+\/src\//.test(path) && !path.startsWith(folder))
    .filter((file) => file.imports.some(({ target }) => target?.startsWith(folder)) || saying(file, own).length > 0)
    .map(({ path }) => path);
}

export function ownClasses(classes, family) {
  return new Set([...classes].filter(([, folders]) => folders.size === 1 && folders.has(family)).map(([name]) => name));
}
