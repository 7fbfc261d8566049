import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import type { ModelForm } from "../../forms";
import { MaskDialog } from "../mask/mask-dialog";
import { common, pictures, refused, setPicture, setValue } from "./draft";
import { nameOf } from "./schema-kind";

/** Images to begin with or to look at, masks, pictures for ControlNets: those that the model takes. */
export function PictureFields({ form }: { form: ModelForm }) {
  const { image, mask } = pictures.value;
  const hasMask = form.pictures.includes("mask");
  const names = form.pictures.filter((name) => name !== "mask" || image !== undefined);
  if (names.length === 0) return null;
  return (
    <details open={Object.keys(pictures.value).length > 0 || undefined}>
      <summary>
        {hasMask ? "Begin with an image, or repaint a part of one" : "Begin with an image"}
        {image && <span class="badge">{mask ? "image and mask" : "image"}</span>}
      </summary>
      <div class="folded">
        {names.map((name) => (
          <PictureField key={name} name={name} form={form} />
        ))}
      </div>
    </details>
  );
}

const hints: Readonly<Record<string, string>> = {
  mask: "What is white in it is painted anew. Draw it by hand, or choose a file.",
  control_image: "Edges, depths or poses, as the ControlNet was trained on.",
};

function PictureField({ name, form }: { name: string; form: ModelForm }) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [isDrawing, setDrawing] = useState(false);
  const [isOver, setOver] = useState(false);
  const { [name]: picture, image } = pictures.value;
  const address = useAddress(picture);
  const [size, setSize] = useState<{ width: number; height: number } | undefined>(undefined);
  const label = name === "image" && form.looks_at_images ? "Image to look at" : nameOf(name);
  const why = refused.value?.param === name ? refused.value.message : undefined;
  const take = (file: Blob | undefined): void => {
    if (file?.type.startsWith("image/")) setPicture(name, file);
    if (input.current) input.current.value = "";
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    event.stopPropagation(); // the page would read its recipe
    setOver(false);
    take(event.dataTransfer?.files[0]);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut for the file's button in it
    <div
      class={`picture ${isOver ? "over" : ""}`}
      data-field={name}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {address ? (
        <img
          src={address}
          alt={`${label}, as chosen`}
          onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => setSize({ width, height })}
        />
      ) : (
        <div class="blank" aria-hidden="true" />
      )}
      <div>
        <label class="name" for={id}>
          {label}
        </label>
        <p class="hint">{hints[name] ?? "Drop one here, or choose a file."}</p>
        <div class="actions">
          <input
            ref={input}
            id={id}
            type="file"
            accept="image/*"
            onChange={(event) => take(event.currentTarget.files?.[0])}
          />
          {name === "mask" && image && (
            <button type="button" onClick={() => setDrawing(true)}>
              {picture ? "Change it by hand" : "Draw it"}
            </button>
          )}
          {picture && (
            <button type="button" aria-label={`Take it away: ${label}`} onClick={() => setPicture(name, undefined)}>
              Take it away
            </button>
          )}
          {name === "image" && picture && size && <SizeButton form={form} {...size} />}
        </div>
        {why && <p class="why">{why}</p>}
      </div>
      {isDrawing && image && (
        <MaskDialog
          image={image}
          mask={picture}
          onDone={(mask) => {
            setDrawing(false);
            if (mask) setPicture("mask", mask);
          }}
        />
      )}
    </div>
  );
}

/** Draws at the size of the image, as near as the model comes. */
function SizeButton({ form, width, height }: { form: ModelForm; width: number; height: number }) {
  const near = (side: number): number =>
    Math.max(
      form.size_multiple,
      Math.round(Math.min(side, form.limits.side) / form.size_multiple) * form.size_multiple,
    );
  const [wide, high] = [near(width), near(height)];
  const now = common.value;
  if ((now.width ?? form.defaults.width) === wide && (now.height ?? form.defaults.height) === high) return null;
  const use = (): void => {
    setValue("width", wide);
    setValue("height", high);
  };
  return (
    <button type="button" onClick={use}>
      Draw at {wide} × {high}
    </button>
  );
}

/** Of a blob, as long as the component shows it. */
export function useAddress(blob: Blob | undefined): string | undefined {
  const address = useMemo(() => blob && URL.createObjectURL(blob), [blob]);
  useEffect(() => () => address && URL.revokeObjectURL(address), [address]);
  return address;
}
