/**
 * Loaded into threads that run ONNX Runtime: a GPU that is as a test says. What runs on "webgpu" runs on the CPU; what the
 * file SKIPSTEP_PLANTED has, `{ "create": "...", "open": "...", "run": "..." }`, is what ONNX Runtime throws there, and beside it lies a log.
 */
const { appendFileSync, existsSync, readFileSync } = require("node:fs");
const { InferenceSession } = require("onnxruntime-node");

const file = process.env.SKIPSTEP_PLANTED;
const { create } = InferenceSession;

function meet(what) {
  const planted = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  appendFileSync(`${file}.log`, `${what} `);
  if (planted[what] !== undefined) throw new Error(planted[what]);
}

InferenceSession.create = async (model, options) => {
  if (options.executionProviders[0] !== "webgpu") return create(model, options);
  meet("create");
  if (typeof model === "string") meet("open"); // a file, and no probe
  const session = await create(model, { ...options, executionProviders: ["cpu"] });
  const [run, release] = [session.run.bind(session), session.release.bind(session)];
  session.run = (...args) => {
    meet("run");
    return run(...args);
  };
  session.release = () => {
    meet("release");
    return release();
  };
  return session;
};
