import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import getReleasePlan from "@changesets/get-release-plan";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const json = (folder: string) => JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
const project = json(".");
const folders = [
  ...["packages", "plugins"].flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`)),
  "models/emoji",
];
const names = folders.map((folder) => json(folder).name as string);

describe.each(folders)("%s", (folder) => {
  const own = json(folder);

  it("says whose it is, and what it is found by", () => {
    expect(own).toMatchObject({
      name: expect.stringMatching(folder.startsWith("plugins/") ? /^@skipstep\/plugin-/ : /^(@skipstep\/|create-)/),
      description: expect.stringMatching(/^.{20,140}\.$/),
      license: project.license,
      homepage: `${project.homepage}/tree/main/${folder}#readme`,
      repository: { ...project.repository, directory: folder },
      bugs: project.bugs,
      publishConfig: { access: "public" },
    });
    expect(own.private).toBeUndefined();
    expect(own.keywords[0]).toBe(folder.startsWith("plugins/") ? "skipstep-plugin" : "skipstep");
    expect(own.keywords.length).toBeGreaterThan(2);
    if (own.type === "module") expect(own.engines).toEqual(project.engines);
  });

  it("has a README that begins with its name, or its command's", () => {
    const [title] = readFileSync(join(root, folder, "README.md"), "utf8").split("\n", 1);
    expect(title).toMatch(folder.startsWith("models/") ? /^# emoji: / : new RegExp(`^# (${own.name}|npm create )`));
  });

  it("publishes the doors that are used here", () => {
    for (const [door, target] of Object.entries<Record<string, string> | string>(own.exports ?? {})) {
      if (typeof target === "string") continue;
      const { "@skipstep/source": _source, ...built } = target;
      expect(own.publishConfig.exports[door], door).toEqual(built);
      expect(Object.keys(built), door).toEqual(["types", "default"]); // `require` as well as `import`
    }
    if (own.publishConfig.exports) expect(Object.keys(own.publishConfig.exports)).toEqual(Object.keys(own.exports));
  });

  it("takes other packages of its own release", () => {
    for (const [name, range] of Object.entries(own.dependencies ?? {}))
      if (names.includes(name)) expect(range, name).toBe("workspace:^");
    for (const [name, range] of Object.entries(own.peerDependencies ?? {}))
      if (names.includes(name)) expect(range, name).toMatch(/^workspace:>=/);
  });

  it("asks for the core of its own release when it is packed", () => {
    const { hooks } = createRequire(import.meta.url)(join(root, ".pnpmfile.cjs"));
    const { peerDependencies } = hooks.beforePacking(own);
    expect(peerDependencies?.["@skipstep/core"]).toBe(own.peerDependencies?.["@skipstep/core"] && `^${own.version}`);
  });
});

it("is released in one version, and no 0.x becomes 1.0 by a peer that leaves its range", async () => {
  expect(new Set(folders.map((folder) => json(folder).version)).size).toBe(1);
  const { releases } = await getReleasePlan(root);
  const published = releases.filter(({ type }) => type !== "none");
  if (published.length === 0) return; // right after a release
  expect(published.map(({ name }) => name).sort()).toEqual([...names].sort());
  expect(new Set(published.map(({ newVersion }) => newVersion)).size).toBe(1);
  expect(published[0]!.newVersion).toMatch(/^0\./);
});
