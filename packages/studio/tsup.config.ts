import { defineConfig } from "tsup";

export default defineConfig([
  { entry: ["src/index.ts"], format: "esm", target: "node20", sourcemap: true },
  {
    // One script and one style sheet, with all that they need in them.
    entry: {
      "page/studio": "src/page/main.tsx",
      "page/index": "src/page/index.html",
      "page/icon": "src/page/icon.svg",
      "page/licenses": "src/page/licenses.txt",
    },
    format: "esm",
    platform: "browser",
    target: ["chrome111", "firefox113", "safari16.4"],
    tsconfig: "../../tsconfig.page.json",
    loader: { ".html": "copy", ".svg": "copy", ".txt": "copy" },
    noExternal: [/./],
    splitting: false,
    minify: true,
  },
]);
