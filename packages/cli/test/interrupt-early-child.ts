/** Gets SIGINT before the thread that hears signals is up, and is busy until it is. */
import { Interruption } from "../src/interruption";

const [, , mode, after] = process.argv;
const busyFor = (milliseconds: number): void => {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
};

const interruption = new Interruption((reason) => ({ descriptor: 2, text: `${reason}\n` }));
interruption.watch();
if (mode === "heeded") interruption.heed().addEventListener("abort", () => process.stdout.write("aborted\n"));
process.kill(process.pid, "SIGINT");
busyFor(2000);
if (after === "busy") setTimeout(() => busyFor(60_000), 50);
else setTimeout(() => undefined, 60_000);
