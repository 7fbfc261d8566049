import { fileURLToPath } from "node:url";

export type { JsonSchema, ModelForm, PluginForm, RecipeForm } from "./forms";

/** The folder with the page: `index.html`, its script and its style, which load nothing from elsewhere. */
export const studioFolder: string = fileURLToPath(new URL("../dist/page/", import.meta.url));
