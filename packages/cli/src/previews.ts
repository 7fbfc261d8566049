import { basename, dirname, extname, join, resolve } from "node:path";
import type { StepEvent } from "@skipstep/core";
import { writeWhole } from "./write-file";

/** Writes what the images would become if each step's prediction were right: `step-07.png`. */
export class Previews {
  private written: Promise<void> = Promise.resolve();
  private failure: unknown;

  constructor(private readonly folder: string) {}

  take({ step, of, previews = [] }: StepEvent): void {
    for (const [i, image] of previews.entries()) {
      const file = this.fileOf(step, of, previews.length > 1 ? `-${i + 1}` : "");
      this.written = this.written
        .then(async () => {
          if (this.failure === undefined) writeWhole(file, await image.toPng());
        })
        .catch((error: unknown) => {
          this.failure = error;
        });
    }
  }

  fileOf(step: number, of: number, ending = ""): string {
    return join(this.folder, `step-${String(step).padStart(String(of).length, "0")}${ending}.png`);
  }

  /** Waits for the last one. @returns a warning when one could not be written: the image itself is worth more */
  async finish(): Promise<string[]> {
    await this.written;
    return this.failure instanceof Error ? [`Previews are missing: ${this.failure.message}`] : [];
  }
}

/** @param given a folder, or true for one beside the image: `heart-previews` */
export function previewFolder(given: string | true, image: string): string {
  return given === true ? join(dirname(image), `${basename(image, extname(image))}-previews`) : resolve(given);
}
