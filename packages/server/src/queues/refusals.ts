import { ApiError } from "../http/api-error";

/** A job whose server or worker ended so often while it was drawn is what ends them. */
export const mostAttempts = 3;

export function queueFull(most: number): ApiError {
  return new ApiError(429, "queue_full", `${most} jobs wait already. Ask again later.`);
}

export function queueClosing(): ApiError {
  return new ApiError(503, "server_closing", "The server is about to stop.");
}

export function crashed(): ApiError {
  return new ApiError(500, "job_crashed", `Whoever drew this job ended without a word, ${mostAttempts} times.`);
}
