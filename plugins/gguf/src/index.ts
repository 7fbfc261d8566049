export { Gguf, type GgufOptions } from "./gguf";
