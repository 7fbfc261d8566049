/** Runs every golden case on WebGPU; arguments go to vitest. `SKIPSTEP_GOLDEN` names another folder of cases. */
import { build, install, run } from "./pnpm.mjs";

install();
build();
run(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "--project=golden", ...process.argv.slice(2)], {
  SKIPSTEP_TEST_DEVICE: "webgpu",
});
