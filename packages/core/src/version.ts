import { version } from "../package.json";

/** Version of @skipstep/core. */
export const coreVersion: string = version;
