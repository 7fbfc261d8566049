import { SkipstepError } from "./error";
import { said } from "./runtime";

/** What befell a device: `webgpu`, `cuda:1`. */
interface Failure {
  readonly name: string;
  readonly trouble: keyof typeof errors;
}

const errors = { lost: deviceLost, memory: deviceMemory, gone: deviceGone };

/** @param message ONNX Runtime's */
export function deviceFailed({ name, trouble }: Failure, message: string): SkipstepError {
  return errors[trouble](name, message);
}

/** A device does not answer any more: its driver was reset or crashed, or it was pulled out. */
function deviceLost(device: string, message: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_DEVICE_LOST",
    `"${device}" was lost while it computed: ${sentence(message)} What was under way there is lost; the next generation opens it again.`,
    { cause: message },
  );
}

/** A device has no room for what is asked of it, or for one tensor of it. */
function deviceMemory(device: string, message: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_DEVICE_MEMORY",
    `"${device}" has not enough memory for this: ${sentence(message)} Make a smaller image or fewer at once, set "dtype": "float16" or "memory": "component", or put components on the CPU with "device_map". The next generation opens again what was closed.`,
    { cause: message },
  );
}

/** A device cannot be opened, again or at first: its driver has gone. */
function deviceGone(device: string, message: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_DEVICE_GONE",
    `"${device}" cannot be opened: ${sentence(message)} The next generation tries again; if it stays so, start the program anew, or check the driver.`,
    { cause: message },
  );
}

/** The first line of it; the driver's other lines are in the error's `cause`. */
function sentence(message: string): string {
  const [first = ""] = said(message).split("\n");
  return first.endsWith(".") ? first : `${first}.`;
}
