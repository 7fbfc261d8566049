/** What the server tells of a job; `docs/serving.md` has the fields. */
export interface Job {
  readonly id: string;
  readonly status: JobStatus;
  readonly place: number | null;
  readonly progress: JobProgress | null;
  readonly images: readonly JobImage[];
  readonly reports: readonly Report[];
  readonly error: { readonly message: string; readonly param: string | null } | null;
}

export type JobStatus = "queued" | "running" | "completed" | "failed" | "cancelled";

export interface JobProgress {
  readonly phase: "open" | "encode" | "denoise" | "decode";
  readonly step: number;
  readonly of: number;
  readonly seconds: number;
  readonly seconds_left: number | null;
}

export interface JobImage {
  readonly url: string;
  readonly width: number;
  readonly height: number;
  readonly seed: number;
}

/** As much of a generation's report as is shown. */
export interface Report {
  readonly seconds: { readonly total: number; readonly phases: Readonly<Record<string, number>> };
  readonly plugins: readonly {
    readonly name: string;
    readonly summary: string;
    readonly regions: readonly {
      readonly name: string;
      readonly computed: readonly number[];
      readonly reused: readonly number[];
    }[];
    readonly guidance?: { readonly passes: number; readonly savedPasses: number };
    readonly compute?: { readonly skippedShare: number; readonly savedShare: number };
  }[];
  readonly warnings: readonly string[];
}

export function isOver(status: JobStatus): boolean {
  return status !== "queued" && status !== "running";
}
