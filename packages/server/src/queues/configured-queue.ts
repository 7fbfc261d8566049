import { join } from "node:path";
import { serverOption } from "../errors";
import type { ModelPool } from "../models/model-pool";
import type { QueueOptions } from "../options";

/** What decides where jobs wait. */
export interface QueueChoice {
  readonly queue?: QueueOptions;
  /** Where a server without a queue of its own has folders, one for each address. */
  readonly stateDir?: string;
  readonly host: string;
  readonly port: number;
}

/** The queue that was asked for, else the configs', else a folder of this address. @throws SKIPSTEP_SERVER_OPTION */
export function configuredQueue(pool: ModelPool, { queue: given, stateDir, host, port }: QueueChoice): QueueOptions {
  const queue = given ?? queueOf(pool);
  if (queue === undefined)
    return stateDir === undefined || port === 0
      ? {}
      : { folder: join(stateDir, `${host.replaceAll(":", "_")}-${port}`) };
  if (queue.folder !== undefined && queue.url !== undefined) throw serverOption("queue", 'has both "folder" and "url"');
  if (queue.url !== undefined && queue.blobs === undefined)
    throw serverOption("queue", 'needs "blobs" with its "url": a folder that servers and workers see, or s3://bucket');
  if (queue.url === undefined && queue.blobs !== undefined)
    throw serverOption("queue", 'has "blobs" without "url": a queue in a folder has them there');
  return queue;
}

/** That of the configs, which are of one mind. */
function queueOf(pool: ModelPool): QueueOptions | undefined {
  const said = pool.models.flatMap(({ checked }) => checked.config.queue ?? []);
  if (new Set(said.map((queue) => JSON.stringify(queue))).size > 1)
    throw serverOption("queue", "is not the same in all configs");
  return said[0];
}
