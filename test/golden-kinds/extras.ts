/** Golden cases by the `kind` in their `about.json`; `root` is the golden folder, which they refer to. */
export const extras: Readonly<Record<string, (folder: string, root: string) => Promise<void>>> = {};
