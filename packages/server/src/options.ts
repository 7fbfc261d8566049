import type { ConfigInput, Override } from "@skipstep/core";

/** A config that the server draws with. */
export interface ServedConfig {
  /** What clients call it. */
  readonly id: string;
  /** Path of the config, or the config itself. */
  readonly config: string | ConfigInput;
  /** Values over the config's: `generate.num_inference_steps=20`. */
  readonly overrides?: readonly (string | Override)[];
}

/** A key that opens the server, kept as its hash. */
export interface ApiKey {
  /** Whose it is; stands in logs and owns jobs. */
  readonly name: string;
  /** SHA-256 of the key, in 64 hexadecimal digits. */
  readonly sha256: string;
}

/** The most that a request may ask for, told before any work. */
export interface RequestLimits {
  /** Images of one request. */
  readonly n: number;
  /** Pixels along a side. */
  readonly side: number;
  readonly steps: number;
  /** Bytes of a request's body, uploads included. */
  readonly bodyBytes: number;
  /** Jobs that wait. */
  readonly queue: number;
  /** Requests of one key, or of one address where there are no keys, in a minute. */
  readonly requestsPerMinute: number;
  /** At a time; those whose request has not arrived make room for others. */
  readonly connections: number;
}

/** Limits where nothing is said. */
export const usualLimits: RequestLimits = {
  n: 8,
  side: 2048,
  steps: 150,
  bodyBytes: 32 * 2 ** 20,
  queue: 100,
  requestsPerMinute: 600,
  connections: 1024,
};

/** What a server serves, where, and to whom. */
export interface ServerOptions {
  /** The first is the one for requests that name none. */
  readonly models: readonly ServedConfig[];
  /** Address to listen at; loopback when left out. Others need `keys`. */
  readonly host?: string;
  /** 0 takes one that is free. */
  readonly port?: number;
  readonly keys?: readonly ApiKey[];
  /** Origins of web pages that may ask, as browsers write them: `https://example.org`. */
  readonly cors?: readonly string[];
  readonly limits?: Partial<RequestLimits>;
  /** False leaves out the web page at `/`. */
  readonly studio?: boolean;
  /** Packages of plugins that requests may use besides the config's own. */
  readonly plugins?: readonly string[];
  /** Estimated memory of all models that are open at a time; 10^9 bytes. */
  readonly memoryGb?: number;
  /** Finished jobs that are kept for their owners to look at; the oldest go first. */
  readonly keptJobs?: number;
  /** Seconds that a job which runs has to finish in when the server is closed. */
  readonly graceSeconds?: number;
  readonly cacheDir?: string;
  readonly threads?: number;
  /** Where lines of the log go, one JSON object each; nowhere when left out. */
  readonly log?: NodeJS.WritableStream;
}
