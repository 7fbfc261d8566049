import { defineConfig } from "vitest/config";

const source = { conditions: ["@skipstep/source", "import", "module", "node", "default"] };

export default defineConfig({
  ssr: { resolve: source },
  test: {
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: [
            "packages/*/test/**/*.test.ts",
            "plugins/*/test/**/*.test.ts",
            "examples/*/test/**/*.test.ts",
            "test/*.test.ts",
          ],
          exclude: ["test/golden.test.ts", "**/node_modules/**"],
        },
      },
      { extends: true, test: { name: "golden", include: ["test/golden.test.ts"] } },
    ],
  },
});
