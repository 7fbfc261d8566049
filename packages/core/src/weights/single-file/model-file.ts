import type { Shapes } from "./recipe";
import type { Rule } from "./rules";
import type { StoredFile } from "./stored-file";
import type { TrainedNoise } from "./trained-noise";

/** A way to name a model's tensors that is not diffusers'. */
export interface Layout {
  /** Whose names they are: `latent-diffusion`. */
  readonly title: string;
  /** A tensor that only this layout has. */
  readonly mark: RegExp;
  rules(stored: Shapes): readonly Rule[];
}

/** How the tensors of one class of models lie in files of all kinds. */
export interface ModelFile {
  /** A tensor that each of them has, by the name that models ask for. */
  readonly mark: RegExp;
  /** What its names begin with where a file holds several models; for some components only. */
  readonly prefixes: readonly { readonly text: string; readonly component?: string }[];
  readonly layouts: readonly Layout[];
  /** Tensors of no model that say something of it by being there: `v_pred`. */
  readonly marks?: readonly string[];
  /** Tensors of its files that no image needs: halves of models of which the other half runs. */
  readonly unneeded?: RegExp;
  /** Another model that its files hold and no image needs, with what to call it; a conclusion of `inspect`. */
  readonly notRun?: { readonly tensors: RegExp; readonly what: string };
  /** Modules that LoRAs may have all the same. */
  readonly unneededModules?: readonly string[];
  /** What a file says of the noise that its model was trained on. @param file name for the notes */
  trainedOn?(file: string, stored: StoredFile): TrainedNoise;
  /** Further ways in which LoRAs name its modules, each by itself. @param shapes under the model's names */
  loraNames?(shapes: Shapes): readonly (readonly Rule[])[];
}

/** What names begin with in files of a whole pipeline, before those of the model that draws. */
export const denoiserPrefixes: ModelFile["prefixes"] = [{ text: "model.diffusion_model." }];
