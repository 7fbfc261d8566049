import { createRequire } from "node:module";

/** Version of onnxruntime-node, read without loading its library into this thread. */
export const runtimeVersion: string = createRequire(import.meta.url)("onnxruntime-node/package.json").version;
