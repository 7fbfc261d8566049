/** One row of the table of `pnpm structure`. Without a goal it is for information, and never lost. */
export interface Measure {
  readonly id: string;
  readonly title: string;
  readonly today: number;
  readonly goal?: number;
  readonly atMost?: number;
  readonly isLost: boolean;
  readonly places: readonly string[];
}

export function measure(root: string, atMost?: Readonly<Record<string, number>>): Measure[];
