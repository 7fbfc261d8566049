import type { BackendClasses, Job as BullJob, IQueueBackend, Queue } from "bullmq";
import { queuePackage, queueUnreachable, serverOption } from "../errors";
import { ApiError } from "../http/api-error";
import type { QueuedRequest } from "../jobs/image-request";
import type { JobEnd } from "../jobs/job";

/** What a job is in BullMQ. */
export interface BullData {
  readonly owner: string;
  readonly request: QueuedRequest;
}
/** What a worker returns of a job that is over and did not fail. */
export type BullEnd = Omit<JobEnd, "error">;
export type JobInBull = BullJob<BullData, BullEnd>;
export type QueueInBull = Queue<BullData, BullEnd, string, BullData, BullEnd, string, IQueueBackend, object>;

/** A database with BullMQ's queues: one for each model, so that a worker is given what it can draw. */
export interface BullConnection {
  readonly classes: BackendClasses<IQueueBackend, object>;
  /** Settings of every queue. @param isPatient waits for a database that is away, as workers do, and fails at once otherwise */
  options(isPatient: boolean): { readonly connection: object; readonly prefix: string };
  queue(model: string): QueueInBull;
  /** Names the database, without its password. */
  readonly place: string;
}

/** Milliseconds in which the database must answer. */
const patience = 10_000;

/** Words that a server writes to a job's log, for whoever draws it. */
export const cancelWord = "cancel";
export const watchWord = "watch";

/** BullMQ's name of a model's queue. It allows no colon. */
export function queueName(model: string): string {
  return `skipstep-${encodeURIComponent(model)}`;
}

/** @throws SKIPSTEP_SERVER_OPTION, SKIPSTEP_QUEUE_PACKAGE */
export async function bullConnection(url: string): Promise<BullConnection> {
  const isPostgres = /^postgres(ql)?:\/\//.test(url);
  if (!(isPostgres || /^rediss?:\/\//.test(url)) || !URL.canParse(url))
    throw serverOption("queue", 'must have a "url" that begins with redis://, rediss:// or postgres://');
  const bullmq = await installed("bullmq", () => import("bullmq"));
  await (isPostgres ? installed("pg", () => import("pg")) : installed("ioredis", () => import("ioredis")));
  const { withBackend, createPostgresBackend, createRedisBackend } = bullmq;
  const classes = (isPostgres
    ? withBackend(createPostgresBackend)
    : withBackend(createRedisBackend)) as unknown as BullConnection["classes"];
  const options = (isPatient: boolean) => ({
    connection: isPostgres
      ? { connectionString: url, migrate: true, max: 4, connectionTimeoutMillis: patience }
      : { url, maxRetriesPerRequest: isPatient ? null : 1, enableOfflineQueue: isPatient, retryStrategy: pause },
    prefix: "skipstep",
  });
  const queue = (model: string) => new classes.Queue(queueName(model), options(false)) as QueueInBull;
  const { host, protocol } = new URL(url);
  return { classes, options, queue, place: `${protocol}//${host}` };
}

/** Waits for a database that may not be there. @throws SKIPSTEP_QUEUE_UNREACHABLE */
export async function reached<Result>(place: string, waiting: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${patience / 1000} s`)), patience);
  });
  try {
    return await Promise.race([waiting, late]);
  } catch (error) {
    throw queueUnreachable(place, error);
  } finally {
    clearTimeout(timer);
  }
}

/** A failure as BullMQ keeps it: a text. */
export function failureText({ status, code, message, param }: ApiError): string {
  return JSON.stringify({ status, code, message, param });
}

export function failureOf(text: string): ApiError | undefined {
  try {
    const { status, code, message, param } = JSON.parse(text) as ApiError;
    return new ApiError(status, code, message, param);
  } catch {
    return undefined; // BullMQ's own
  }
}

/** Milliseconds until the next attempt to connect. */
function pause(attempts: number): number {
  return Math.min(50 * 2 ** attempts, 1000);
}

async function installed<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    throw queuePackage(name, error);
  }
}
