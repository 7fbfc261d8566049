import type { FastifyReply } from "fastify";
import { queueClosing } from "../queues/refusals";
import type { Job } from "./job";

/**
 * A job that a client waits for, when it is over. When the client goes away, it is cancelled.
 * @throws the job's ApiError
 */
export async function answeredJob(job: Job, reply: FastifyReply): Promise<Job> {
  reply.raw.once("close", () => reply.raw.writableFinished || job.cancel());
  await job.ended;
  if (job.error) throw job.error;
  if (!job.isOver) throw queueClosing();
  return job;
}
