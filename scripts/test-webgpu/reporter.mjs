/** Reporter of vitest: what came of each case, at once, on the terminal and in the file of results. */
import { resultsIn } from "./results.mjs";

export default class CaseReporter {
  results = resultsIn(process.env.SKIPSTEP_GOLDEN_RESULTS);

  onTestCaseReady({ fullName: name, options }) {
    if (options.mode === "run" || options.mode === "only") this.results.add({ name, state: "running" });
  }

  onTestCaseResult(test) {
    const { state, errors = [] } = test.result();
    if (state === "skipped") return;
    const seconds = Number(((test.diagnostic()?.duration ?? 0) / 1000).toFixed(1));
    const { processorSeconds } = test.meta();
    const error = errors[0]?.message.split("\n")[0];
    this.results.add({ name: test.fullName, state, seconds, processorSeconds, error });
    const processor = processorSeconds === undefined ? "" : `, processor ${processorSeconds} s`;
    console.log(`${state}  ${test.fullName}  ${seconds} s${processor}${error ? `\n    ${error}` : ""}`);
  }

  onTestRunEnd(modules, errors) {
    const all = [...errors, ...modules.flatMap((module) => module.errors())];
    for (const { message } of all) console.error(message);
  }
}
