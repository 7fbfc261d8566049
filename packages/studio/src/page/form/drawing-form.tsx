import { useEffect, useRef } from "preact/hooks";
import { loadModels, modelForm, modelProblem } from "../server/models";
import { LoraFields, PluginFields, SchedulerFields } from "./choice-fields";
import { compareTwo, refused, shownVariant, variantNames, variants } from "./draft";
import { draw, isSending } from "./draw";
import { PictureFields } from "./picture-field";
import { readRecipe } from "./recipe";
import { CommonFields, MainSettings, OtherSettings, SubjectFields } from "./setting-fields";

/** All that a request says. */
export function DrawingForm() {
  const form = modelForm.value;
  const element = useRef<HTMLFormElement>(null);
  const problem = refused.value;
  useEffect(() => {
    if (problem) focusField(element.current, problem.param);
  }, [problem]);
  if (!form) return modelProblem.value ? <Unreached text={modelProblem.value} /> : <Loading />;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void draw();
  };
  const quick = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) element.current?.requestSubmit();
  };
  return (
    <form
      ref={element}
      id="form"
      class="drawing"
      onSubmit={submit}
      onKeyDown={quick}
      onInvalidCapture={({ target }) => unfold(target as HTMLElement)} // browsers say nothing of what is folded away
      aria-label="What to draw"
    >
      <div class="scrolled">
        <SubjectFields form={form} />
        <CommonFields form={form} />
        <Variants>
          <MainSettings form={form} />
          <SchedulerFields form={form} />
          <PluginFields form={form} />
          <LoraFields form={form} />
          <OtherSettings form={form} />
        </Variants>
        <PictureFields form={form} />
        <RecipeButton />
      </div>
      <div class="send">
        {problem && (
          <p class="why" role="alert">
            {problem.message}
          </p>
        )}
        <button type="submit" class="primary" disabled={isSending.value}>
          {variants.value.length > 1 ? "Draw both" : "Draw"}
        </button>
        <span class="hint keys" aria-hidden="true">
          Ctrl + Enter
        </span>
      </div>
    </form>
  );
}

/** One setting, or two side by side. */
function Variants({ children }: { children: preact.ComponentChildren }) {
  const isTwo = variants.value.length > 1;
  return (
    <section class="variants" aria-label="Settings">
      <label class="check">
        <input type="checkbox" checked={isTwo} onChange={(event) => compareTwo(event.currentTarget.checked)} />
        Compare two settings
      </label>
      {isTwo && (
        <div class="switch" role="radiogroup" aria-label="Settings that the form shows">
          {variantNames.map((name, i) => (
            <label key={name}>
              <input
                type="radio"
                name="variant"
                checked={shownVariant.value === i}
                onChange={() => (shownVariant.value = i)}
              />
              <span>{name}</span>
            </label>
          ))}
        </div>
      )}
      <div key={shownVariant.value} class="stacked">
        {children}
      </div>
    </section>
  );
}

/** For those who cannot drop a file onto the page. */
function RecipeButton() {
  const input = useRef<HTMLInputElement>(null);
  const take = async (): Promise<void> => {
    const file = input.current?.files?.[0];
    if (file) await readRecipe(file);
    if (input.current) input.current.value = "";
  };
  return (
    <div class="field">
      <label class="name" for="recipe">
        Settings out of an image
      </label>
      <input ref={input} id="recipe" type="file" accept="image/png" onChange={take} aria-describedby="recipe-hint" />
      <p class="hint" id="recipe-hint">
        A PNG of Skipstep carries its recipe. It can be dropped anywhere on this page.
      </p>
    </div>
  );
}

function Loading() {
  return (
    <div class="drawing" aria-busy="true">
      <p class="said">Loading the form</p>
      {[96, 40, 40, 120].map((height, i) => (
        <div key={i} class="bone" style={{ height: `${height}px` }} />
      ))}
    </div>
  );
}

function Unreached({ text }: { text: string }) {
  return (
    <div class="drawing blank-state" role="alert">
      <h2>No form yet</h2>
      <p>{text}</p>
      <button type="button" onClick={() => void loadModels()}>
        Try again
      </button>
    </div>
  );
}

function unfold(field: Element): void {
  for (let at = field.closest("details"); at; at = at.parentElement?.closest("details") ?? null) at.open = true;
}

/** Unfolds what hides a refused field, and goes there. */
function focusField(form: HTMLElement | null, param: string | null): void {
  const field = param && form?.querySelector(`[data-field="${CSS.escape(param)}"]`);
  if (!field) return;
  unfold(field);
  field.querySelector<HTMLElement>("input, textarea, select, button")?.focus();
}
