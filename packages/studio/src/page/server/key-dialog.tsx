import { useEffect, useRef } from "preact/hooks";
import { isKeyWanted, key, takeKey } from "./ask";
import { loadModels } from "./models";

/** Asks for a key when the server did. */
export function KeyDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = isKeyWanted.value;
  useEffect(() => {
    if (isOpen && !dialog.current?.open) dialog.current?.showModal();
    if (!isOpen) dialog.current?.close();
  }, [isOpen]);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    takeKey(String(given.get("key")).trim(), given.has("kept"));
    void loadModels();
  };
  return (
    <dialog ref={dialog} class="key" aria-labelledby="key-title" onClose={() => (isKeyWanted.value = false)}>
      <form method="dialog" onSubmit={submit}>
        <h2 id="key-title">This server asks for a key</h2>
        <p class="hint">
          Whoever runs it makes one with <code>skipstep serve --new-key</code>.
          {key.value !== "" && " The one that this browser has is not known there."}
        </p>
        <label class="field">
          <span class="name">Key</span>
          <input name="key" type="password" autocomplete="current-password" required />
        </label>
        <label class="check">
          <input name="kept" type="checkbox" /> Keep it in this browser
        </label>
        <div class="actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            Not now
          </button>
          <button type="submit" class="primary">
            Use it
          </button>
        </div>
      </form>
    </dialog>
  );
}
