import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ownFamilies as families } from "../src/families/families";

/** Whether the family of a pipeline's folder is built. A folder that is not there is told by the test that runs on it. */
export function isBuilt(model: string): boolean {
  const index = join(model, "model_index.json");
  if (!existsSync(index)) return true;
  const { _class_name: className } = JSON.parse(readFileSync(index, "utf8"));
  return families.some((family) => family.className === className);
}
