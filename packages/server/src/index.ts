/** An image server in a program of one's own. `skipstep serve` is the same from the command line. */
export { makeKey } from "./http/keys";
export { type ApiKey, type RequestLimits, type ServedConfig, type ServerOptions, usualLimits } from "./options";
export { type ImageServer, startServer } from "./start-server";
