import { hubFailed } from "../errors/hub";
import { excessIn } from "../schema/parse-json";

/** A page of a thousand files has half a megabyte. */
const longestAnswer = 16 * 2 ** 20;

/**
 * Reads an answer in JSON as far as its limits, before a library parses it.
 * @returns the same answer, read
 * @throws SKIPSTEP_HUB_FAILED, what reading the body throws
 */
export async function readAnswer(response: Response, url: string): Promise<Response> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > longestAnswer) throw hubFailed(url, `more than ${longestAnswer} bytes of JSON`);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const excess = excessIn(body);
  if (excess) throw hubFailed(url, `with JSON that ${excess.message}`);
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}
