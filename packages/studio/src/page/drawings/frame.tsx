import type { ComponentChildren } from "preact";
import { type Drawing, isUnfinished, promptOf } from "./drawing";
import { progressText } from "./progress-text";

/** An image in a frame of its size from the beginning on, so that nothing moves when it comes. */
export function Frame({ drawing, children }: { drawing: Drawing; children?: ComponentChildren }) {
  const { width, height, picture, now } = drawing;
  const isDone = now.value.status === "completed";
  const shape = { aspectRatio: `${width} / ${height}`, "--ratio": `${width / height}`, "--most": `${4 * width}px` };
  return (
    <div class={`frame ${isUnfinished(drawing) ? "working" : ""}`} style={shape}>
      {picture.value ? (
        <img src={picture.value} alt={isDone ? promptOf(drawing) : `Preview of ${promptOf(drawing)}`} />
      ) : (
        <div class="blank" aria-hidden="true" />
      )}
      {children}
    </div>
  );
}

/** How far it is. Always as high as a line, whether it has something to say or not. */
export function Progress({ drawing }: { drawing: Drawing }) {
  const state = drawing.now.value;
  const { step = 0, of = 0 } = state.progress ?? {};
  if (!isUnfinished(drawing)) return <p class={state.status === "failed" ? "why" : "hint"}>{progressText(state)}</p>;
  return (
    <div class="progress">
      <progress
        aria-label={`Progress of ${promptOf(drawing)}`}
        max={Math.max(1, of)}
        {...(of > 0 ? { value: step } : {})}
      />
      <p class="hint">{progressText(state)}</p>
    </div>
  );
}
