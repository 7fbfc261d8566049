export { Bnb } from "./bnb";
export type { BnbOptions } from "./options";
