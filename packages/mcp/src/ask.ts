import { ToolError } from "./tool-error";

/** Asks an image server by paths of its API, as `fetch` does. */
export type Ask = (
  path: string,
  init?: {
    readonly method?: "GET" | "POST" | "DELETE";
    /** Becomes JSON. */
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  },
) => Promise<Response>;

/** The JSON of an answer. @throws ToolError with the code of an error's answer */
export async function askJson<Answer>(ask: Ask, ...asked: Parameters<Ask>): Promise<Answer> {
  const response = await ask(...asked);
  const answer = (await response.json()) as Answer & {
    readonly error?: { code: string; message: string; param: string };
  };
  if (response.ok) return answer;
  const {
    code = "internal_error",
    message = `The server answered ${response.status}.`,
    param = null,
  } = answer.error ?? {};
  throw new ToolError(code, message, param);
}
