import { chatTemplateKinds } from "../../packages/core/test/fuzz/chat-template";
import { engineCacheKinds } from "../../packages/core/test/fuzz/engine-cache";
import { pictureKinds } from "../../packages/core/test/fuzz/picture";
import { schedulerKinds } from "../../packages/core/test/fuzz/schedulers";
import { tokenizerKinds } from "../../packages/core/test/fuzz/tokenizer";
import type { Kind } from "./kind";
import { checkpointKinds } from "./kinds/checkpoint";
import { commandLineKinds } from "./kinds/command-line";
import { configKinds } from "./kinds/config";
import { hubKinds } from "./kinds/hub";
import { loraKinds } from "./kinds/lora";
import { packedKinds } from "./kinds/packed";
import { pluginPackageKinds } from "./kinds/plugin-package";
import { quantizedKinds } from "./kinds/quantized";
import { recipeKinds } from "./kinds/recipe";
import { requestKinds } from "./kinds/request";
import { singleFileKinds } from "./kinds/single-file";

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
