import type { ConfigCatalogue, ConfigModel, ModelChoice } from "../config/check-model";
import type { RecognisedModel } from "../loop/recognised-model";
import { settingProblems } from "../loop/request";
import type { Catalogue } from "./catalogue";
import { checkDeepModels } from "./check-claims";
import { chooseScheduler } from "./scheduler-choice";

/** A recognised model, and what a config is checked for against it. */
export interface CheckedModel extends ConfigModel {
  readonly recognised: RecognisedModel;
}

/** A catalogue as `loadConfig` asks it. @param open finds and recognises the checkpoint that a config means */
export function configCatalogue(
  catalogue: Catalogue,
  open: (choice: ModelChoice) => Promise<RecognisedModel>,
): ConfigCatalogue<CheckedModel> {
  return {
    schedulerSchemas: catalogue.schedulers.schemas,
    settingsSchema: catalogue.settingsSchema,
    familiesWith: catalogue.familiesWith,
    recognise: async (choice) => {
      const recognised = await open(choice);
      checkDeepModels(recognised.components.values());
      return checkedModel(recognised);
    },
  };
}

function checkedModel(recognised: RecognisedModel): CheckedModel {
  const { family, checkpoint, components, structure } = recognised;
  return {
    recognised,
    structure,
    pipeline: { names: [...components.keys()], denoiser: family.denoiser },
    ownScheduler: checkpoint.components.get("scheduler")?.className,
    checkFit: (scheduler) => void chooseScheduler(recognised, scheduler),
    settingProblems: (generate, limits) => settingProblems(recognised, generate, {}, limits),
  };
}
