import { isUnfinished, promptOf } from "./drawing";
import { cancel, forget, pending } from "./drawings";
import { Progress } from "./frame";
import { look, shown } from "./shown";

/** What is on its way, and what went wrong. */
export function Queue() {
  const waiting = pending.value ?? [];
  if (waiting.length === 0) return null;
  return (
    <section class="queue" aria-labelledby="queue-title">
      <h2 id="queue-title">Queue</h2>
      <ul>
        {waiting.map((drawing) => (
          <li key={drawing.id} aria-current={shown.value?.id === drawing.id || undefined}>
            <button type="button" class="quiet look" onClick={() => look(drawing)}>
              {promptOf(drawing)}
            </button>
            <Progress drawing={drawing} />
            {isUnfinished(drawing) ? (
              <button type="button" aria-label={`Cancel ${promptOf(drawing)}`} onClick={() => void cancel(drawing)}>
                Cancel
              </button>
            ) : (
              <button type="button" aria-label={`Put away: ${promptOf(drawing)}`} onClick={() => forget(drawing)}>
                Put away
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
