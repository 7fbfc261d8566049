import { useEffect, useState } from "preact/hooks";
import { type Drawing, isUnfinished, promptOf } from "../drawings/drawing";
import { cancel } from "../drawings/drawings";
import { Frame, Progress } from "../drawings/frame";
import { secondsText } from "../drawings/progress-text";
import { reportFacts } from "../drawings/report-facts";
import { leaveComparison } from "../drawings/shown";
import { refillForm } from "../form/recipe";
import { differences, type Row } from "./differences";
import { psnr } from "./psnr";

/** Two images side by side or one over the other, and how they differ. */
export function Comparison({ pair }: { pair: readonly [Drawing, Drawing] }) {
  const [one, other] = pair;
  const [isOverlaid, setOverlaid] = useState(false);
  const [share, setShare] = useState(50);
  const canOverlay = one.width === other.width && one.height === other.height;
  return (
    <section class="comparison" aria-labelledby="comparison-title">
      <header>
        <h2 id="comparison-title">Comparison</h2>
        {canOverlay && (
          <label class="check">
            <input
              type="checkbox"
              checked={isOverlaid}
              onChange={(event) => setOverlaid(event.currentTarget.checked)}
            />
            One over the other
          </label>
        )}
        <button type="button" onClick={() => leaveComparison(one.id)}>
          Close
        </button>
      </header>
      {isOverlaid && canOverlay ? (
        <div class="overlaid">
          <Frame drawing={one}>
            <img
              class="over"
              src={other.picture.value}
              alt={`B: ${promptOf(other)}`}
              style={{ clipPath: `inset(0 0 0 ${share}%)` }}
            />
          </Frame>
          <label class="range">
            A
            <input
              type="range"
              min={0}
              max={100}
              value={share}
              aria-label="Share of A"
              onInput={(event) => setShare(Number(event.currentTarget.value))}
            />
            B
          </label>
        </div>
      ) : (
        <div class="sides">
          <Side name="A" drawing={one} />
          <Side name="B" drawing={other} />
        </div>
      )}
      <Table pair={pair} />
    </section>
  );
}

function Side({ name, drawing }: { name: string; drawing: Drawing }) {
  const isWorking = isUnfinished(drawing);
  return (
    <figure>
      <Frame drawing={drawing} />
      <figcaption>
        <strong>{name}</strong>
        {drawing.now.value.status === "completed" ? (
          <p class="hint">{promptOf(drawing)}</p>
        ) : (
          <Progress drawing={drawing} />
        )}
        {isWorking ? (
          <button type="button" aria-label={`Cancel ${name}`} onClick={() => void cancel(drawing)}>
            Cancel
          </button>
        ) : (
          <button type="button" aria-label={`Use its settings: ${name}`} onClick={() => refillForm(drawing.request)}>
            Use its settings
          </button>
        )}
      </figcaption>
    </figure>
  );
}

function Table({ pair: [one, other] }: { pair: readonly [Drawing, Drawing] }) {
  const distance = usePsnr(one.now.value.image, other.now.value.image);
  return (
    <div class="table">
      <table>
        <caption>
          PSNR between them: <output>{distance}</output>
        </caption>
        <thead>
          <tr>
            <td />
            <th scope="col">A</th>
            <th scope="col">B</th>
          </tr>
        </thead>
        <tbody>
          {[...reportRows(one, other), ...differences(one, other)].map(([name, a, b]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{a}</td>
              <td>{b}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function reportRows(one: Drawing, other: Drawing): Row[] {
  const [a, b] = [reportFacts(one), reportFacts(other)];
  const steps = ({ skipped, steps }: typeof a): string =>
    skipped === undefined ? "–" : skipped === 0 ? "none" : `${skipped} of ${steps}`;
  const time = (seconds: number | undefined): string => (seconds === undefined ? "–" : secondsText(seconds));
  const rows: Row[] = [
    ["Steps skipped", steps(a), steps(b)],
    ["Seconds", time(a.seconds), time(b.seconds)],
    ["Of these denoising", time(a.denoising), time(b.denoising)],
    ["What plugins did", a.plugins.join("; ") || "–", b.plugins.join("; ") || "–"],
  ];
  return rows;
}

/** In words, as soon as both are there. */
function usePsnr(one: Blob | undefined, other: Blob | undefined): string {
  const [text, setText] = useState("–");
  useEffect(() => {
    let isLate = false;
    setText("–");
    if (one && other)
      psnr(one, other).then(
        (distance) => isLate || setText(psnrText(distance)),
        () => isLate || setText("could not be measured"),
      );
    return () => {
      isLate = true;
    };
  }, [one, other]);
  return text;
}

function psnrText(distance: number | undefined): string {
  if (distance === undefined) return "none, their sizes differ";
  return distance === Number.POSITIVE_INFINITY ? "equal in every pixel" : `${distance.toFixed(1)} dB`;
}
