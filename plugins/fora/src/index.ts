export { Fora, type ForaOptions } from "./fora";
