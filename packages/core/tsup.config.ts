import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/index.ts", "src/errors/printable.ts", "src/runtime/worker.ts", "src/text/host.js", "src/text/worker.ts"],
  format: "esm",
  target: "node20",
  dts: { entry: ["src/index.ts", "src/errors/printable.ts"] },
  sourcemap: true,
  clean: true,
});
