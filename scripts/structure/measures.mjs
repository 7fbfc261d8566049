/** All measures of a repository: `{ id, title, today, goal, atMost, places }`; those without a goal are for information. */
import { boilerplate } from "./boilerplate.mjs";
import { doors } from "./doors.mjs";
import { families } from "./families.mjs";
import { repeatedIdeas } from "./ideas.mjs";
import { layers } from "./layers.mjs";
import { readProject } from "./project.mjs";
import { reach } from "./reach.mjs";
import { settingDeclarations } from "./settings.mjs";
import { sizes } from "./sizes.mjs";

/** @param atMost by a measure's id: what is allowed until the goal is reached */
export function measure(root, atMost = {}) {
  const project = readProject(root);
  const found = [layers, families, boilerplate, settingDeclarations, doors, reach, repeatedIdeas, sizes].flatMap(
    (part) => part(project),
  );
  return found.map((one) => {
    const today = one.today ?? one.places.length;
    const most = one.goal === undefined ? undefined : Math.max(one.goal, atMost[one.id] ?? one.goal);
    return { ...one, today, atMost: most, isLost: most !== undefined && today > most };
  });
}
