import { checkPrompts } from "../../packages/core/test/golden/prompts";
import { checkTiledDecode } from "../../packages/core/test/golden/tiled-decode";
import { checkBnb } from "./bnb";
import { controlNetCase } from "./control-net";
import { fillCase } from "./fill";
import { ggufCase } from "./gguf";
import { checkGuider } from "./guiders";
import { imageToImageCase } from "./image-to-image";
import { inpaintCase } from "./inpaint";
import { kontextCase } from "./kontext";
import { loraCase } from "./lora";

/**
 * Golden cases by the `kind` in their `about.json`; `root` is the golden folder, which they refer to. `undefined` for
 * what runs on a family that is not built yet.
 */
export const extras: Readonly<Record<string, (folder: string, root: string) => (() => Promise<void>) | undefined>> = {
  gguf: ggufCase,
  guider: (folder) => () => checkGuider(folder),
  bnb: (folder) => () => checkBnb(folder),
  controlnet: controlNetCase,
  "image-to-image": imageToImageCase,
  inpaint: inpaintCase,
  fill: fillCase,
  kontext: kontextCase,
  lora: loraCase,
  prompts: (folder, root) => () => checkPrompts(folder, root),
  "tiled-decode": (folder, root) => () => checkTiledDecode(folder, root),
};
