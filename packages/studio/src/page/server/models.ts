import { effect, signal } from "@preact/signals";
import type { ModelForm } from "../../forms";
import { askJson, Refusal } from "./ask";

/** Ids of what this server draws with; nothing until it answered. */
export const models = signal<readonly string[] | undefined>(undefined);

/** Id of the one that the form is for; empty for the first. */
export const chosenModel = signal(localStorage.getItem("skipstep.model") ?? "");

/** What requests to it may say. */
export const modelForm = signal<ModelForm | undefined>(undefined);

/** Why there is no form. */
export const modelProblem = signal<string | undefined>(undefined);

let wanted = "";

/** Asks for the form of whatever model is chosen. */
export function keepModels(): void {
  void loadModels();
  effect(() => {
    const ids = models.value;
    const id = ids?.includes(chosenModel.value) ? chosenModel.value : ids?.[0];
    if (id !== undefined) void loadForm(id);
  });
}

export function chooseModel(id: string): void {
  localStorage.setItem("skipstep.model", id);
  chosenModel.value = id;
}

export async function loadModels(): Promise<void> {
  try {
    const { data } = await askJson<{ data: { id: string }[] }>("v1/models");
    models.value = data.map(({ id }) => id);
    modelProblem.value = undefined;
  } catch (error) {
    tell(error);
  }
}

async function loadForm(id: string): Promise<void> {
  wanted = id;
  try {
    const form = await askJson<ModelForm>(`v1/models/${encodeURIComponent(id)}/form`);
    if (id !== wanted) return; // another was chosen meanwhile
    modelForm.value = form;
    modelProblem.value = undefined;
  } catch (error) {
    tell(error);
  }
}

function tell(error: unknown): void {
  modelProblem.value = error instanceof Refusal ? error.message : String(error);
}
