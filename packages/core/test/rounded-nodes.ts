import type { Node, Value } from "../src/graph/value";

const [float32, float16] = [1, 10];

/** Every operator of float16 as one of float32 between casts, the last of which rounds what it gives. */
export function roundedNodes(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => {
    const isHalf = (value: Value | undefined): boolean => value?.dtype === "float16";
    if (node.op === "Cast" || !node.outputs.some(isHalf)) return [node];
    const [before, after]: [Node[], Node[]] = [[], []];
    const cast = (from: Value, to: Value, type: number): Node => ({
      ...{ op: "Cast", domain: "", inputs: [from], outputs: [to], scope: node.scope },
      attributes: { to: { int: type } },
    });
    const wide = (value: Value, name: string): Value => ({
      ...value,
      name,
      dtype: "float32",
      origin: { kind: "node" },
    });
    const inputs = node.inputs.map((input, i) => {
      if (!input || !isHalf(input)) return input;
      const read = wide(input, `${node.outputs[0]!.name}/read:${i}`);
      before.push(cast(input, read, float32));
      return read;
    });
    const outputs = node.outputs.map((output) => {
      if (!isHalf(output)) return output;
      const exact = wide(output, `${output.name}/exact`);
      after.push(cast(exact, output, float16));
      return exact;
    });
    return [...before, { ...node, inputs, outputs }, ...after];
  });
}
