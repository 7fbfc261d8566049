export interface BuildPlace {
  /** Of the package. */
  readonly folder: string;
  /** JSON file with what the last build made. */
  readonly note: string;
  /** Which files of a `dist` without a note are of this kind of output; all by default. */
  readonly isOurs?: (file: string) => boolean;
}

export function buildInto(
  place: BuildPlace,
  key: string,
  make: (out: string) => Promise<void> | void,
): Promise<boolean>;

export function isBuilt(place: Pick<BuildPlace, "folder" | "note">, key: string): boolean;
