import { afterAll } from "vitest";

/** Files of tests share a process: each leaves the environment and the working directory as it found them. */
const environment = { ...process.env };
const folder = process.cwd();

afterAll(() => {
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
  process.chdir(folder);
});
