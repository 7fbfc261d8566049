import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Measure, measure } from "../scripts/structure/measures.mjs";

/** A small repository that reaches every goal; each test breaks one rule of it. */
const sources: Readonly<Record<string, string>> = {
  "packages/core/package.json": `{ "name": "@skipstep/core", "exports": { ".": { "@skipstep/source": "./src/index.ts" } } }`,
  "packages/core/tsup.config.ts": `export default { entry: ["src/index.ts", "src/runtime/worker.ts"] };`,
  "packages/core/src/index.ts": `export { open } from "./start/open";`,
  "packages/core/src/start/open.ts": `import { pineFamily } from "../families/pine/family";
    export const open = () => pineFamily.open();`,
  "packages/core/src/families/pine/family.ts": `import { denoise } from "../../loop/denoise";
    import { pine } from "./model";
    export const pineFamily = {
      className: "PinePipeline",
      settings: { needle_count: 3 },
      components: { transformer: { PineModel: { architecture: pine } } },
      open: () => denoise(),
    };`,
  "packages/core/src/families/pine/model.ts": `export const pine = { className: "PineModel" };`,
  "packages/core/src/loop/denoise.ts": `import { makeScheduler } from "../schedulers/euler";
    import type { Plan } from "../plan/plan";
    /** As PinePipeline and EulerScheduler are used: comments may say their names. */
    export const denoise = (plan?: Plan) => makeScheduler(plan);`,
  "packages/core/src/schedulers/euler.ts": `import { failed } from "../errors/error";
    export class EulerScheduler {
      constructor(readonly plan: unknown) {
        if (!plan) throw failed();
      }
    }
    export const makeScheduler = (plan: unknown) => new EulerScheduler(plan);`,
  "packages/core/src/plan/plan.ts": `export interface Plan { readonly steps: number }`,
  "packages/core/src/runtime/worker.ts": `import { failed } from "../errors/error";
    process.on("message", () => { throw failed(); });`,
  "packages/core/src/errors/error.ts": `export const failed = () => new Error("failed");`,
  "packages/cli/package.json": `{ "name": "@skipstep/cli", "exports": { ".": { "@skipstep/source": "./src/index.ts" } } }`,
  "packages/cli/src/index.ts": `import { open } from "@skipstep/core";
    export const run = () => open();`,
  "docs/architecture.md": architecture(),
};

function architecture(types = ""): string {
  const rooms = [
    "index",
    "start",
    "families",
    "-- nothing below knows a family --",
    "loop",
    "schedulers",
    "plan runtime",
  ];
  const order = [...rooms, "-- nothing below imports from above --", "errors"].join("\n");
  return `\`\`\`order\n${order}\n\`\`\`\n\n| types | why |\n| ----- | --- |\n${types}\n`;
}

const folder = mkdtempSync(join(tmpdir(), "skipstep-structure-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let trees = 0;
function treeWith(changes: Readonly<Record<string, string>> = {}): string {
  const root = join(folder, `${trees++}`);
  for (const [path, text] of Object.entries({ ...sources, ...changes })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

function lostIn(changes: Readonly<Record<string, string>>): Map<string, Measure> {
  return new Map(
    measure(treeWith(changes))
      .filter(({ isLost }) => isLost)
      .map((one) => [one.id, one]),
  );
}

/** Source text of a file of the small repository with lines after it. */
function and(path: string, more: string): Record<string, string> {
  return { [path]: `${sources[path]}\n${more}\n` };
}

const core = "packages/core/src";
const denoise = `${core}/loop/denoise.ts`;
const plan = `${core}/plan/plan.ts`;
const error = `${core}/errors/error.ts`;
const worker = `${core}/runtime/worker.ts`;

describe("pnpm structure", () => {
  it("finds nothing where every goal is reached", () => {
    expect([...lostIn({}).values()]).toEqual([]);
  });

  it.each<[id: string, today: number, place: string, changes: Record<string, string>]>([
    [
      "value-circles",
      2,
      "circle: loop, schedulers",
      and(
        `${core}/schedulers/euler.ts`,
        `import { denoise } from "../loop/denoise"; export const again = () => denoise();`,
      ),
    ],
    [
      "type-circles",
      2,
      "circle: loop, plan",
      and(plan, `import type { denoise } from "../loop/denoise"; export type D = typeof denoise;`),
    ],
    [
      "value-order",
      1,
      `plan -> loop: ${plan}:2 imports loop/denoise.ts`,
      and(plan, `export const later = () => import("../loop/denoise");`),
    ],
    [
      "value-order",
      1,
      `plan -> runtime: ${plan}:2 imports runtime/worker.ts`,
      and(plan, `import "../runtime/worker";`),
    ],
    [
      "type-order",
      1,
      `plan -> loop: ${plan}:2 imports loop/denoise.ts (types)`,
      and(plan, `export type Denoise = typeof import("../loop/denoise").denoise;`),
    ],
    ["foundation", 1, `errors -> plan: ${error}:2 imports plan/plan.ts`, and(error, `export * from "../plan/plan";`)],
    ["undeclared", 1, "attic is not in the order of the rooms", { [`${core}/attic/box.ts`]: "export {};" }],
    [
      "undeclared",
      1,
      "plan -> loop is listed and no types are imported there",
      { "docs/architecture.md": architecture("| `plan` -> `loop` | why |") },
    ],
    [
      "family-imports",
      1,
      `loop -> families: ${denoise}:5 imports families/pine/model.ts (types)`,
      and(denoise, `import type { pine } from "../families/pine/model"; export type P = typeof pine;`),
    ],
    [
      "family-names",
      1,
      `${denoise}:5 says PineModel`,
      and(denoise, "export const isPine = (name: string) => /^PineModel$/.test(name);"),
    ],
    ["scheduler-names", 1, `${worker}:3 says EulerScheduler`, and(worker, 'process.title = "an EulerScheduler runs";')],
    [
      "family-files",
      2,
      "pine: 2 (families/families.ts, start/open.ts)",
      { [`${core}/families/families.ts`]: `export const names = ["PinePipeline"];` },
    ],
    [
      "family-boilerplate",
      42,
      "pine: 42 (40 of its own, 2 elsewhere)",
      and(
        `${core}/families/pine/family.ts`,
        `export const table = {\n${Array.from({ length: 32 }, (_, i) => `  row${i}: ${i},`).join("\n")}\n};
        export function formula() {\n${"  formula();\n".repeat(50)}}`,
      ),
    ],
    [
      "scheduler-boilerplate",
      30,
      "EulerScheduler: 30 (28 of its own, 2 elsewhere)",
      and(
        `${core}/schedulers/euler.ts`,
        `export interface EulerOptions {\n${Array.from({ length: 22 }, (_, i) => `  option${i}: number;`).join("\n")}\n}
        export const schema = optionsSchema({\n${"  option: number(1),\n".repeat(50)}});`,
      ),
    ],
    [
      "scheduler-boilerplate",
      38,
      "HeunScheduler: 38 (38 of its own, 0 elsewhere)",
      {
        [`${core}/schedulers/heun.ts`]: `import { defineScheduler } from "./define";
          export const heun = defineScheduler({
            className: "HeunScheduler",
            options: {\n${"  option: number(1),\n".repeat(50)}},
            create(options) {
              const steps = options.steps;\n${"              let kept = 0;\n".repeat(30)}
              return {
                sigmas,
                order: 2,
                step() {\n${"  return 0;\n".repeat(50)}},
              };
            },
          });`,
        [`${core}/schedulers/define.ts`]: "export const defineScheduler = (definition: unknown) => definition;",
      },
    ],
    [
      "setting-places",
      1,
      "needle_count: 1 (plan/plan.ts:1)",
      { [plan]: "export interface Plan { readonly needle_count: number }" },
    ],
    [
      "setting-places",
      1,
      "cone_count: 1 (plan/plan.ts:1)",
      {
        ...and(`${core}/families/pine/model.ts`, "const ownSettings = settingsSchema({ cone_count: 1 });"),
        [plan]: "export interface Plan { readonly cone_count: number }",
      },
    ],
    [
      "core-imports",
      1,
      "plugins/a/test/a.test.ts:1 imports ../../../packages/core/src/plan/plan",
      {
        "plugins/a/test/a.test.ts": `import type { Plan } from "../../../packages/core/src/plan/plan"; export type P = Plan;`,
      },
    ],
    [
      "core-imports",
      1,
      "bench/a.ts:1 imports ../packages/core/src/plan/plan",
      { "bench/a.ts": `vi.mock("../packages/core/src/plan/plan");` },
    ],
    [
      "unused-exports",
      1,
      "@skipstep/core: denoise",
      and(`${core}/index.ts`, `export { denoise } from "./loop/denoise";`),
    ],
    [
      "unreached",
      2,
      `${core}/plan/old.ts: 2 lines`,
      { [`${core}/plan/old.ts`]: "export const old = 1;\nexport const older = 2;\n" },
    ],
    [
      "unreached",
      4,
      `${error}:2 unused: 4 lines`,
      and(error, "/** What. */\nexport function unused() {\n  return failed();\n}"),
    ],
    [
      "repeated",
      1,
      "state by run: 2 times, in packages/cli/src/index.ts, packages/core/src/plan/plan.ts",
      {
        ...and(plan, "export const states = new WeakMap<Run, number>();"),
        ...and("packages/cli/src/index.ts", "// new WeakMap<Run>\nexport const states = new WeakMap<Run, number>();"),
      },
    ],
  ])("finds what breaks %s (%i: %s)", (id, today, place, changes) => {
    const lost = lostIn(changes);
    expect(lost.get(id)?.places).toContain(place);
    expect(lost.get(id)?.today).toBe(today);
  });

  it("lets types go up where docs/architecture.md says so", () => {
    const types = and(plan, `import type { denoise } from "../loop/denoise"; export type D = typeof denoise;`);
    const lost = lostIn({
      ...types,
      "docs/architecture.md": architecture("| `plan` -> `loop` | A plan tells how it is run. |"),
    });
    expect([...lost.keys()]).toEqual(["unreached"]);
  });

  it("counts a name as used where a document for users says it in code", () => {
    const exported = and(`${core}/index.ts`, `export { denoise } from "./loop/denoise";`);
    expect(lostIn({ ...exported, "docs/plugins.md": "Call `denoise()`." }).size).toBe(0);
    expect(lostIn({ ...exported, "docs/decisions.md": "We have `denoise()`." }).size).toBe(1);
  });

  it("counts what a single file of a released model is as knowledge, not as boilerplate", () => {
    const rows = Array.from({ length: 60 }, (_, i) => `row${i}: ${i},`).join("\n");
    const files = {
      [`${core}/families/pine/files.ts`]: `export const known = { className: "PinePipeline",\n${rows}\n};`,
    };
    expect(lostIn(files).get("family-boilerplate")).toBeUndefined();
  });

  it("allows what at-most.json says, and no more", () => {
    const root = treeWith({ "bench/a.ts": `import "../packages/core/src/plan/plan";` });
    const isLost = (most: number) =>
      measure(root, { "core-imports": most }).find(({ id }) => id === "core-imports")?.isLost;
    expect([isLost(0), isLost(1), isLost(2)]).toEqual([true, false, false]);
  });

  it("measures nothing as reached where it finds no order, family or scheduler", () => {
    expect(() => measure(treeWith({ "docs/architecture.md": "" }))).toThrow("no block ```order");
    expect(() =>
      measure(treeWith({ [`${core}/families/pine/family.ts`]: "", [`${core}/families/pine/model.ts`]: "" })),
    ).toThrow("No class name of a family");
    expect(() => measure(treeWith({ [`${core}/schedulers/euler.ts`]: "" }))).toThrow("No class name of a scheduler");
  });

  it("ends with 1 and tells what was lost and where", () => {
    const script = join(import.meta.dirname, "../scripts/structure.mjs");
    const atMost = { "scripts/structure/at-most.json": `{ "core-imports": 1 }` };
    const good = execFileSync(process.execPath, [script, "--root", treeWith(atMost)], { encoding: "utf8" });
    expect(good).toContain("core-imports is better than at-most.json says: 0 instead of 1.");
    const broken = treeWith({ ...atMost, ...and(denoise, 'export const name = "PinePipeline";') });
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--root", broken], { encoding: "utf8" });
    expect(stdout).toContain(
      `family-names: class names of models in code of rooms below families: 1, at most 0 are allowed`,
    );
    expect(stdout).toContain(`${denoise}:5 says PinePipeline`);
    expect(stderr).toContain("The structure got worse: family-names");
    expect(status).toBe(1);
  });
});
