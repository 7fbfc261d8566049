/** What the reader of a file found out, and the user should see. */
export interface Note {
  /** A `warning` goes into the report, too; a `conclusion`, what was concluded and from what, is shown by `inspect`. */
  readonly kind: "warning" | "conclusion";
  /** A sentence that names the file. */
  readonly text: string;
}
