import { defineConfig } from "tsup";

export default defineConfig({
  entry: ["src/index.ts", "src/bin.ts", "src/signal-thread.js"],
  format: "esm",
  target: "node20",
  sourcemap: true,
});
