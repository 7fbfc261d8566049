import { defineConfig } from "tsup";

const doors = ["src/index.ts", "src/plugin.ts", "src/model.ts", "src/errors/printable.ts"];

export default defineConfig({
  entry: [...doors, "src/runtime/worker.ts", "src/text/host.js", "src/text/worker.ts"],
  format: "esm",
  target: "node20",
  // What the doors share is one copy: classes, tokens and the marks of plugins are compared by identity.
  splitting: true,
  // Its CommonJS form, which others' bundlers take, loses its parts in a bundle.
  noExternal: ["jsonc-parser"],
  sourcemap: true,
});
