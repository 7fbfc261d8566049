import { batch } from "@preact/signals";
import type { ModelForm, RecipeForm } from "../../forms";
import { tell, tellProblem } from "../notices";
import { askJson, base64Of } from "../server/ask";
import { chooseModel, modelForm } from "../server/models";
import { changeVariant, common, commonNames, compareTwo, type PluginChoice, type Values, type Variant } from "./draft";
import type { DrawnRequest } from "./request-body";
import { nameOf } from "./schema-kind";

/** Fills the form with the recipe that a PNG carries. */
export async function readRecipe(file: Blob): Promise<void> {
  try {
    const recipe = await askJson<RecipeForm>("v1/recipes", { image: await base64Of(file) });
    const [id] = recipe.models;
    const current = modelForm.peek();
    const isHere = current !== undefined && recipe.models.includes(current.id);
    const form = id === undefined || isHere ? current : await askJson<ModelForm>(`v1/models/${id}/form`);
    if (!form) return;
    if (!isHere && id !== undefined) chooseModel(id);
    const { variant, strangers } = variantOf(recipe, form);
    batch(() => fill(unusual(recipe.settings, form), variant));
    const left = [...recipe.left_out.map(nameOf), ...strangers];
    const model = id === undefined ? ` It was drawn with ${recipe.model}, which is not here.` : "";
    tell(`Its settings are in the form.${model}${left.length > 0 ? ` Not taken over: ${left.join(", ")}.` : ""}`);
  } catch (error) {
    tellProblem(error);
  }
}

/** Fills the form with what an image was asked for. */
export function refillForm({ model, settings, variant }: DrawnRequest): void {
  batch(() => {
    chooseModel(model);
    fill({ ...settings, ...variant.settings }, variant);
  });
  tell("Its settings are in the form.");
}

function fill(settings: Values, variant: Omit<Variant, "settings">): void {
  compareTwo(false);
  const entries = Object.entries(settings);
  common.value = Object.fromEntries(entries.filter(([name]) => commonNames.includes(name)));
  const others = entries.filter(([name]) => !commonNames.includes(name));
  changeVariant({ ...variant, settings: Object.fromEntries(others) });
}

/** Settings that the model has and does not choose by itself. */
function unusual(settings: Values, form: ModelForm): Values {
  const isUsual = (name: string): boolean => JSON.stringify(settings[name]) === JSON.stringify(form.defaults[name]);
  const taken = Object.keys(settings).filter((name) => Object.hasOwn(form.settings, name));
  return Object.fromEntries(
    taken.filter((name) => name === "seed" || !isUsual(name)).map((name) => [name, settings[name]]),
  );
}

function variantOf(recipe: RecipeForm, form: ModelForm) {
  const strangers: string[] = [];
  const plugins: Record<string, PluginChoice> = Object.fromEntries(
    form.plugins.map(({ use, configured = {} }) => [use, { isOn: false, options: configured }]),
  );
  for (const { use, options } of recipe.plugins) {
    const known = form.plugins.find((plugin) => plugin.use === use || plugin.package === use);
    if (known) plugins[known.use] = { isOn: true, options };
    else strangers.push(`plugin ${use}`);
  }
  const { type, ...options } = recipe.scheduler ?? { type: form.scheduler };
  const isOwn = type === form.scheduler && Object.keys(options).length === 0;
  if (!isOwn && !form.schedulers[type]) strangers.push(type);
  const scheduler = isOwn || !form.schedulers[type] ? undefined : { type, options };
  return { variant: { scheduler, plugins, loras: {} }, strangers };
}
