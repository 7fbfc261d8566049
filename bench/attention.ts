import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Form, Measured } from "./attention-child";
import type { Benchmark, Figure, Say } from "./benchmark";

const child = fileURLToPath(new URL("./attention-child.ts", import.meta.url));

const window = (width: number): NonNullable<Form["bias"]> => ({
  LocalAttentionFromBottomRightMask: { window_left: width, window_right: width },
});

export const attentionBenchmark: Benchmark = {
  name: "attention",
  about:
    "One attention of DiT-XL/2's width (16 heads of size 72) by the ops of the xformers plugin, each in a process of its own: the least time of three runs, and the most memory that a run takes beyond its inputs. Numbers of tokens are not known when the graph is compiled.",
  run: async (say) => [...byTokens(say), ...byBlockSize(say), ...byWindow(say)],
};

function byTokens(say: Say): Figure[] {
  return [1024, 4096].flatMap((tokens) =>
    (["flash", "math", "cutlass"] as const).map(
      (op): Figure => ({
        what: `${op}, ${tokens} tokens`,
        value: measure({ op, tokens }, say).seconds,
        unit: "s",
      }),
    ),
  );
}

function byBlockSize(say: Say): Figure[] {
  const tokens = 4096;
  const all = measure({ op: "math", tokens }, say).peakBytes;
  return [1024, 512, 256, 128].map((blockSize): Figure => {
    const { peakBytes } = measure({ op: "cutlass", tokens, blockSize }, say);
    const what = `memory in blocks of ${blockSize}, of that of all scores`;
    return { what, value: (100 * peakBytes) / all, unit: "%", ...(blockSize === 256 ? { target: { most: 20 } } : {}) };
  });
}

function byWindow(say: Say): Figure[] {
  const tokens = 4096;
  const all = measure({ op: "cutlass", tokens }, say).seconds;
  return [1024, 256, 64].map((width): Figure => {
    const { seconds } = measure({ op: "cutlass", tokens, bias: window(width) }, say);
    const what = `time with ${width} keys to each side, of that with all`;
    return { what, value: (100 * seconds) / all, unit: "%", ...(width === 64 ? { target: { most: 35 } } : {}) };
  });
}

function measure(form: Form, say: Say): Measured {
  const command = ["--import", "tsx", "--conditions=@skipstep/source", child, JSON.stringify(form)];
  const measured: Measured = JSON.parse(execFileSync(process.execPath, command, { encoding: "utf8" }));
  say(`${JSON.stringify(form)}: ${measured.seconds.toFixed(3)} s, ${(measured.peakBytes / 1e6).toFixed(0)} MB`);
  return measured;
}
