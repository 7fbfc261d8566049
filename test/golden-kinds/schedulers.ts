/** Golden cases of schedulers, by the class in their `about.json`. */
export const schedulers: Readonly<Record<string, (folder: string) => Promise<void>>> = {};
