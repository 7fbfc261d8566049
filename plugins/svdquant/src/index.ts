export type { Form } from "./forms/low-rank-form";
export type { SvdQuantOptions } from "./options";
export { SvdQuant } from "./svdquant";
export type { SvdQuantWriteOptions } from "./writing/options";
