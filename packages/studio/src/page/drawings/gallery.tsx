import { useState } from "preact/hooks";
import { type Drawing, promptOf } from "./drawing";
import { finished, forget } from "./drawings";
import { compared, look, shown, toggleCompared } from "./shown";

/** All finished images of this browser. */
export function Gallery() {
  const images = finished.value;
  const [isSure, setSure] = useState(false);
  if (!images || images.length === 0) return null;
  const count = `${images.length} ${images.length === 1 ? "image" : "images"}`;
  return (
    <section class="gallery" aria-labelledby="gallery-title">
      <header>
        <h2 id="gallery-title">Gallery</h2>
        <span class="hint">{count}, in this browser only</span>
        {isSure ? (
          <span class="actions">
            <button type="button" class="danger" onClick={() => forget(...images)}>
              Delete {count}
            </button>
            <button type="button" onClick={() => setSure(false)}>
              Keep them
            </button>
          </span>
        ) : (
          <button type="button" class="quiet" onClick={() => setSure(true)}>
            Delete all
          </button>
        )}
      </header>
      {compared.value.length === 1 && <p class="hint">Choose another image to compare with, by its ◐.</p>}
      <ul>
        {images.map((drawing) => (
          <Thumb key={drawing.id} drawing={drawing} />
        ))}
      </ul>
    </section>
  );
}

function Thumb({ drawing }: { drawing: Drawing }) {
  const at = compared.value.indexOf(drawing.id);
  const prompt = promptOf(drawing);
  return (
    <li class={at >= 0 ? "marked" : ""}>
      <button
        type="button"
        class="thumb"
        aria-current={shown.value?.id === drawing.id || undefined}
        onClick={() => look(drawing)}
      >
        <img src={drawing.picture.value} alt={prompt} loading="lazy" />
      </button>
      <button
        type="button"
        class="mark"
        aria-pressed={at >= 0}
        aria-label={`Compare ${prompt}`}
        title="Compare"
        onClick={() => toggleCompared(drawing.id)}
      >
        ◐
      </button>
    </li>
  );
}
