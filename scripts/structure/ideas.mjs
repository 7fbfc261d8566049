/** Ideas that were written several times: by a pattern each. One may have it. */
import { withoutComments } from "./boilerplate.mjs";
import { isShipped } from "./project.mjs";

const ideas = [
  { idea: "a function transposed", pattern: /\bfunction transposed\b/g },
  {
    idea: "a decoder of float16",
    pattern: /\bfunction (float32BitsOf|decode\w*(Half|Float16))\b|>> 10\) & (31|0x1f)\b/g,
  },
  { idea: "a translation of Ajv's errors", pattern: /\bnew Ajv\w*\(/g },
  { idea: "state by run", pattern: /\bnew WeakMap<Run\b/g },
  { idea: "what a pipeline keeps for all steps", pattern: /\bprivate (?:async )?constants\(/g },
  { idea: "options by a function flag", pattern: /\bfunction flag\(/g },
  { idea: "options by a function count or integer", pattern: /\bexport function (count|integer)\(/g },
  { idea: "a function openModel", pattern: /\bfunction openModel\(/g },
  { idea: "rounding of halves to even", pattern: /\bfunction (halfEven|roundHalfEven)\(/g },
];

export function repeatedIdeas(project) {
  const sources = [...project.files.values()].filter(({ path }) => isShipped(path));
  const repeated = ideas.map(({ idea, pattern }) => {
    const places = sources
      .filter(({ text }) => text.match(pattern))
      .flatMap(({ path, text, ast }) => (withoutComments(text, ast).match(pattern) ?? []).map(() => path));
    return {
      excess: Math.max(0, places.length - 1),
      text: `${idea}: ${places.length} times, in ${[...new Set(places)].join(", ")}`,
    };
  });
  return [
    {
      id: "repeated",
      title: "times that an idea is written again",
      goal: 0,
      today: repeated.reduce((sum, { excess }) => sum + excess, 0),
      places: repeated.filter(({ excess }) => excess > 0).map(({ text }) => text),
    },
  ];
}
