import { setPicture } from "../form/draft";
import { refillForm } from "../form/recipe";
import { tell } from "../notices";
import { modelForm } from "../server/models";
import { type Drawing, isUnfinished, promptOf } from "./drawing";
import { cancel, drawings, forget } from "./drawings";
import { Frame, Progress } from "./frame";
import { factsText, reportFacts } from "./report-facts";
import { compared, shown, toggleCompared } from "./shown";

/** The image that is looked at, and what can be done with it. */
export function Stage() {
  const drawing = shown.value;
  if (drawings.value === undefined) return <div class="stage blank-state" aria-busy="true" />;
  if (!drawing)
    return (
      <div class="stage blank-state">
        <img src="studio/icon.svg" alt="" />
        <h2>Nothing drawn yet</h2>
        <p>Write what the image shows, and press Draw. What is drawn here stays in this browser.</p>
      </div>
    );
  return (
    <div class="stage">
      <Frame drawing={drawing} />
      <div class="caption">
        <h2>{promptOf(drawing)}</h2>
        {drawing.now.value.status === "completed" ? <Facts drawing={drawing} /> : <Progress drawing={drawing} />}
        <Actions drawing={drawing} />
      </div>
    </div>
  );
}

function Facts({ drawing }: { drawing: Drawing }) {
  const { model, settings } = drawing.request;
  const { plugins } = reportFacts(drawing);
  const { warnings = [] } = drawing.now.value.report ?? {};
  return (
    <>
      <p class="hint">
        {model}, {drawing.width} × {drawing.height}
        {settings.seed !== undefined && `, seed ${settings.seed}`}
      </p>
      <p class="hint">{factsText(drawing)}</p>
      {[...plugins, ...warnings].map((line) => (
        <p key={line} class="hint">
          {line}
        </p>
      ))}
    </>
  );
}

function Actions({ drawing }: { drawing: Drawing }) {
  const { image, status } = drawing.now.value;
  const canBegin = modelForm.value?.pictures.includes("image") === true;
  if (isUnfinished(drawing))
    return (
      <div class="actions">
        <button type="button" onClick={() => void cancel(drawing)}>
          Cancel
        </button>
      </div>
    );
  const begin = (): void => {
    setPicture("image", image);
    tell("The form begins with this image now.");
  };
  return (
    <div class="actions">
      {image && <SaveLink drawing={drawing} />}
      <button type="button" onClick={() => refillForm(drawing.request)}>
        Use its settings
      </button>
      {image && canBegin && (
        <button type="button" onClick={begin}>
          Begin with it
        </button>
      )}
      {status === "completed" && (
        <button
          type="button"
          aria-pressed={compared.value.includes(drawing.id)}
          onClick={() => toggleCompared(drawing.id)}
        >
          Compare
        </button>
      )}
      <button type="button" class="quiet" onClick={() => forget(drawing)}>
        Delete
      </button>
    </div>
  );
}

function SaveLink({ drawing }: { drawing: Drawing }) {
  const { seed } = drawing.request.settings;
  return (
    <a class="button" href={drawing.picture.value ?? "#"} download={`skipstep-${seed ?? drawing.id}.png`}>
      Save
    </a>
  );
}
