import { signal } from "@preact/signals";

interface Notice {
  readonly text: string;
  readonly isProblem: boolean;
}

const notice = signal<Notice | undefined>(undefined);
const said = signal("");

/** Shows a sentence until the next one comes, or somebody puts it away. */
export function tell(text: string): void {
  notice.value = { text, isProblem: false };
}

export function tellProblem(error: unknown): void {
  notice.value = { text: error instanceof Error ? error.message : String(error), isProblem: true };
}

/** For those who do not see the page. */
export function say(text: string): void {
  said.value = text;
}

export function Notices() {
  const { text, isProblem } = notice.value ?? { text: "", isProblem: false };
  return (
    <>
      <div class="said" role="status">
        {said.value}
      </div>
      <div class="notices" role={isProblem ? "alert" : "status"}>
        {text !== "" && (
          <div class={`notice ${isProblem ? "problem" : ""}`}>
            <p>{text}</p>
            <button
              type="button"
              class="quiet"
              aria-label="Put this message away"
              onClick={() => (notice.value = undefined)}
            >
              ✕
            </button>
          </div>
        )}
      </div>
    </>
  );
}
