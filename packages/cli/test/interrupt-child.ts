/** Heeds Ctrl-C, says when it came, and goes on all the same. */
import { Interruption } from "../src/interruption";

const interruption = new Interruption((text) => ({ descriptor: 2, text }));
interruption.watch();
interruption.heed().addEventListener("abort", () => process.stdout.write("aborted\n"));
setInterval(() => undefined, 1000);
process.stdout.write("ready\n");
