/** `1.5 GB`, `13.2 TB` */
export function gigabytes(bytes: number): string {
  const [value, unit] = bytes < 1e12 ? [bytes / 1e9, "GB"] : [bytes / 1e12, "TB"];
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** `335.0 MB` */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
