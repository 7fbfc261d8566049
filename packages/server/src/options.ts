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

/** Where accepted jobs wait: in a folder of this server's own, or in a database that servers and workers share. */
export interface QueueOptions {
  /** Of one server at a time. Jobs, their pictures and images are in it, and outlive the server however it ends. */
  readonly folder?: string;
  /** `redis://`, `rediss://`, `postgres://`: jobs are drawn by workers. */
  readonly url?: string;
  /** With `url`: a folder that all servers and workers see, or `s3://bucket/prefix`, for pictures and images. */
  readonly blobs?: string;
}

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
  /** That of the configs' `queue` when left out. An empty one is in memory: jobs end with the server. */
  readonly queue?: QueueOptions;
  /** Where no queue is named: a folder with a queue for each address. In memory when left out, and for port 0. */
  readonly stateDir?: string;
  /** Finished jobs that are kept for their owners to look at; the oldest go first. */
  readonly keptJobs?: number;
  /** Hours that a finished job is kept. */
  readonly keptHours?: number;
  /** Images of finished jobs that are kept; 10^9 bytes. */
  readonly keptGb?: number;
  /**
   * Images that are drawn at once, of requests that wait and differ in prompt and seed alone, and of one request's seeds;
   * 1 when left out. Of a queue in this process: workers of a shared one have it themselves, for the seeds of a job.
   */
  readonly batch?: number;
  /** Seconds that a job which runs has to finish in when the server is closed. */
  readonly graceSeconds?: number;
  readonly cacheDir?: string;
  readonly threads?: number;
  /** Where lines of the log go, one JSON object each; nowhere when left out. */
  readonly log?: NodeJS.WritableStream;
}
