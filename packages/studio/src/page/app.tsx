import { useEffect, useState } from "preact/hooks";
import { Comparison } from "./compare/comparison";
import { Gallery } from "./drawings/gallery";
import { Queue } from "./drawings/queue";
import { pair } from "./drawings/shown";
import { Stage } from "./drawings/stage";
import { DrawingForm } from "./form/drawing-form";
import { readRecipe } from "./form/recipe";
import { Notices } from "./notices";
import { isKeyWanted, key } from "./server/ask";
import { KeyDialog } from "./server/key-dialog";
import { chooseModel, modelForm, models } from "./server/models";

export function App() {
  const both = pair.value;
  const isDropping = useRecipeDrop();
  return (
    <>
      <a class="skip" href="#images">
        To the images
      </a>
      <header class="top">
        <h1>
          <img src="studio/icon.svg" alt="" />
          Skipstep
        </h1>
        <ModelChoice />
        <nav class="jump" aria-label="On this page">
          <a href="#form">Form</a>
          <a href="#images">Images</a>
        </nav>
        {(key.value !== "" || isKeyWanted.value) && (
          <button type="button" class="quiet" onClick={() => (isKeyWanted.value = true)}>
            Key
          </button>
        )}
        <a href="docs" class="quiet">
          API
        </a>
      </header>
      <main class={isDropping ? "dropping" : ""}>
        <DrawingForm />
        <div class="images" id="images" tabIndex={-1}>
          <Notices />
          {both ? <Comparison pair={both} /> : <Stage />}
          <Queue />
          <Gallery />
        </div>
      </main>
      <KeyDialog />
    </>
  );
}

function ModelChoice() {
  const ids = models.value ?? [];
  const form = modelForm.value;
  return (
    <label class="model">
      <span class="said">Model</span>
      <select
        value={form?.id ?? ""}
        disabled={ids.length === 0}
        onChange={(event) => chooseModel(event.currentTarget.value)}
      >
        {ids.map((id) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
      {form && <span class="hint">{form.title}</span>}
    </label>
  );
}

/** A file that is dropped anywhere but on a field of its own is read for its recipe. @returns whether one hovers */
function useRecipeDrop(): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const over = (event: DragEvent): void => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent): void => setOver(event.relatedTarget !== null);
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file) void readRecipe(file);
    };
    const end = (): void => setOver(false);
    const listeners = { dragover: over, dragleave: leave, drop } as const;
    for (const [name, listener] of Object.entries(listeners))
      window.addEventListener(name, listener as (event: Event) => void);
    window.addEventListener("drop", end, true); // also where a field takes the file
    return () => {
      for (const [name, listener] of Object.entries(listeners))
        window.removeEventListener(name, listener as (event: Event) => void);
      window.removeEventListener("drop", end, true);
    };
  }, []);
  return isOver;
}
