/** Skipstep as an image model of Vercel's AI SDK. */
export { createSkipstep, type SkipstepOptions, type SkipstepProvider, skipstep } from "./provider";
