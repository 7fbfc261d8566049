import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

/** Without "import", which Vite adds where it is one: as an option of Node it would be that of `require`, too. */
const source = { conditions: ["@skipstep/source", "node", "default"] };

/** From sources each thread would load tsx. */
const threads = {
  find: /^\.\.?\/(runtime\/)?start-thread$/,
  replacement: join(import.meta.dirname, "packages/core/test/threads/start-thread.ts"),
};

/** Tests of when threads and processes begin and end, and with what, which those of other files would keep. */
const alone = [
  "packages/core/test/devices.test.ts",
  "packages/core/test/device-operations.test.ts",
  "test/device-copies.test.ts",
  "packages/core/test/runtime-life.test.ts",
  "packages/core/test/text-process-life.test.ts",
];

export default defineConfig({
  ssr: { resolve: source },
  resolve: { alias: [threads] },
  test: {
    globalSetup: ["packages/core/test/threads/bundle-threads.ts", "test/built/check-built.ts", "test/run-folder.ts"],
    setupFiles: ["test/own-environment.ts", "test/same-numbers.ts", "packages/core/test/kept-runtime.ts"],
    pool: "forks",
    // Of two cores Vitest would leave one idle; half of a test's time is not in ONNX Runtime's threads. A process of
    // their own for each of the files would load and compile core's sources as often.
    poolOptions: { forks: { isolate: false, minForks: 1, maxForks: Math.max(2, availableParallelism() - 1) } },
    // For what hangs. On a machine that does other work some tests take a minute.
    testTimeout: 300_000,
    hookTimeout: 300_000,
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
          exclude: [
            "test/{golden,golden-pictures,low-bit-models}.test.ts",
            "test/*webgpu.test.ts",
            ...alone,
            "**/node_modules/**",
          ],
        },
      },
      {
        extends: true,
        test: { name: "alone", include: alone, poolOptions: { forks: { isolate: true } } },
      },
      { extends: true, test: { name: "golden", include: ["test/{golden,golden-pictures,low-bit-models}.test.ts"] } },
      {
        extends: true,
        test: {
          name: "webgpu",
          include: ["test/*webgpu.test.ts"],
          env: { SKIPSTEP_TEST_DEVICE: "webgpu" },
          poolOptions: { forks: { isolate: true } }, // one process a device
        },
      },
    ],
  },
});
