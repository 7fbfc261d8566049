import { useEffect, useRef, useState } from "preact/hooks";
import { useAddress } from "../form/picture-field";
import { say } from "../notices";
import { MaskCanvas, type Point } from "./mask-canvas";

interface MaskDialogProps {
  readonly image: Blob;
  /** To go on with. */
  readonly mask: Blob | undefined;
  /** @param mask missing when it was given up */
  readonly onDone: (mask?: Blob) => void;
}

/** Paints a mask over an image, with a pointer or with the arrow keys and space. */
export function MaskDialog({ image, mask, onDone }: MaskDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const painting = useRef<MaskCanvas | undefined>(undefined);
  const last = useRef<Point | undefined>(undefined);
  const address = useAddress(image);
  const [size, setSize] = useState({ width: 1, height: 1 });
  const [brush, setBrush] = useState(12); // percent of the shorter side
  const [isErasing, setErasing] = useState(false);
  const [cursor, setCursor] = useState<Point | undefined>(undefined);
  const [, redraw] = useState(0);
  useEffect(() => dialog.current?.showModal(), []);

  const diameter = Math.max(1, (brush / 100) * Math.min(size.width, size.height));
  const begin = async ({ naturalWidth: width, naturalHeight: height }: HTMLImageElement): Promise<void> => {
    Object.assign(canvas.current!, { width, height });
    const colour = getComputedStyle(canvas.current!).getPropertyValue("--accent-paint").trim() || "#0b7a75";
    painting.current = new MaskCanvas(canvas.current!, colour);
    setSize({ width, height });
    if (mask) await painting.current.show(mask);
    redraw((n) => n + 1);
  };
  const change = (paint: (own: MaskCanvas) => void): void => {
    if (!painting.current) return;
    painting.current.remember();
    paint(painting.current);
    redraw((n) => n + 1);
  };
  const at = (event: PointerEvent): Point => {
    const { left, top, width, height } = canvas.current!.getBoundingClientRect();
    return {
      x: ((event.clientX - left) / width) * size.width,
      y: ((event.clientY - top) / height) * size.height,
    };
  };
  const strokeTo = (point: Point): void => {
    painting.current?.stroke(last.current ?? point, point, diameter, isErasing);
    last.current = point;
  };
  const down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    canvas.current!.setPointerCapture(event.pointerId);
    change(() => strokeTo(at(event)));
  };
  const move = (event: PointerEvent): void => {
    setCursor(at(event));
    if (last.current) strokeTo(at(event));
  };
  const up = (): void => {
    last.current = undefined;
  };
  const type = (event: KeyboardEvent): void => {
    const here = cursor ?? { x: size.width / 2, y: size.height / 2 };
    const far = event.shiftKey ? 1 : diameter / 2;
    const [x, y] = arrows[event.key] ?? [0, 0];
    if (event.key === " ") {
      change((own) => own.stroke(here, here, diameter, isErasing));
      say(isErasing ? "Erased" : "Painted");
      setCursor(here);
    } else if (x !== 0 || y !== 0) {
      const next = { x: within(here.x + x * far, size.width), y: within(here.y + y * far, size.height) };
      setCursor(next);
      say(
        `${Math.round((100 * next.x) / size.width)}% from the left, ${Math.round((100 * next.y) / size.height)}% down`,
      );
    } else return;
    event.preventDefault();
  };
  const done = async (): Promise<void> => onDone(await painting.current?.file());
  const isEmpty = painting.current?.isEmpty !== false;
  const ring = cursor && {
    left: `${(100 * cursor.x) / size.width}%`,
    top: `${(100 * cursor.y) / size.height}%`,
    width: `${(100 * diameter) / size.width}%`,
  };
  return (
    <dialog ref={dialog} class="mask" aria-labelledby="mask-title" onClose={() => onDone()}>
      <h2 id="mask-title">What is painted anew</h2>
      <p class="hint" id="mask-hint">
        Paint over it. By keyboard: arrow keys move the brush, with Shift by a pixel, and Space paints.
      </p>
      <div class="tools">
        <div class="switch" role="radiogroup" aria-label="Brush">
          <label>
            <input type="radio" name="tool" checked={!isErasing} onChange={() => setErasing(false)} />
            <span>Paint</span>
          </label>
          <label>
            <input type="radio" name="tool" checked={isErasing} onChange={() => setErasing(true)} />
            <span>Erase</span>
          </label>
        </div>
        <label class="range">
          Size
          <input
            type="range"
            min={1}
            max={60}
            value={brush}
            aria-valuetext={`${brush}% of the image`}
            onInput={(event) => setBrush(Number(event.currentTarget.value))}
          />
        </label>
        <div class="actions">
          <button
            type="button"
            disabled={!painting.current?.canUndo}
            onClick={() => {
              painting.current?.undo();
              redraw((n) => n + 1);
            }}
          >
            Undo
          </button>
          <button type="button" onClick={() => change((own) => own.invert())}>
            Invert
          </button>
          <button type="button" disabled={isEmpty} onClick={() => change((own) => own.clear())}>
            Clear
          </button>
        </div>
      </div>
      <div class="easel" style={{ aspectRatio: `${size.width} / ${size.height}` }}>
        <img src={address} alt="To be repainted" onLoad={(event) => void begin(event.currentTarget)} />
        {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: its keys are its own, which is what the role says */}
        <canvas
          ref={canvas}
          tabIndex={0}
          role="application"
          aria-label="Mask"
          aria-describedby="mask-hint"
          onPointerDown={down}
          onPointerMove={move}
          onPointerUp={up}
          onPointerCancel={up}
          onPointerLeave={() => setCursor(undefined)}
          onFocus={() => setCursor((here) => here ?? { x: size.width / 2, y: size.height / 2 })}
          onKeyDown={type}
        />
        {ring && <div class="ring" style={ring} />}
      </div>
      <div class="actions end">
        <button type="button" onClick={() => dialog.current?.close()}>
          Give it up
        </button>
        <button type="button" class="primary" disabled={isEmpty} onClick={() => void done()}>
          Use this mask
        </button>
      </div>
    </dialog>
  );
}

const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function within(value: number, most: number): number {
  return Math.max(0, Math.min(most, value));
}
