import { defineConfig } from "tsup";

const doors = ["src/index.ts", "src/graph.ts"];

export default defineConfig({
  entry: doors,
  format: "esm",
  target: "node20",
  sourcemap: true,
});
