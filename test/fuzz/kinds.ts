import type { Kind } from "./kind";
import { chatTemplateKinds } from "./kinds/chat-template";
import { checkpointKinds } from "./kinds/checkpoint";
import { commandLineKinds } from "./kinds/command-line";
import { configKinds } from "./kinds/config";
import { engineCacheKinds } from "./kinds/engine-cache";
import { hubKinds } from "./kinds/hub";
import { loraKinds } from "./kinds/lora";
import { packedKinds } from "./kinds/packed";
import { pictureKinds } from "./kinds/picture";
import { pluginPackageKinds } from "./kinds/plugin-package";
import { quantizedKinds } from "./kinds/quantized";
import { recipeKinds } from "./kinds/recipe";
import { requestKinds } from "./kinds/request";
import { schedulerKinds } from "./kinds/schedulers";
import { singleFileKinds } from "./kinds/single-file";
import { tokenizerKinds } from "./kinds/tokenizer";

/** All kinds of what comes from strangers. */
export const kinds: readonly Kind[] = [
  ...configKinds,
  ...recipeKinds,
  ...checkpointKinds,
  ...singleFileKinds,
  ...schedulerKinds,
  ...tokenizerKinds,
  ...chatTemplateKinds,
  ...loraKinds,
  ...quantizedKinds,
  ...packedKinds,
  ...pictureKinds,
  ...engineCacheKinds,
  ...hubKinds,
  ...pluginPackageKinds,
  ...requestKinds,
  ...commandLineKinds,
];
