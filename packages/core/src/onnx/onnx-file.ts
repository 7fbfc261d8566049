import protobuf from "protobufjs/light.js";
import { onnxFormat } from "./onnx-format";

/** The type of a whole ONNX file. */
export const onnxFile = protobuf.Root.fromJSON(onnxFormat).lookupType("Model");
