import { signal } from "@preact/signals";

const place = "skipstep.key";

/** The key that this browser sends; empty where the server needs none. */
export const key = signal(sessionStorage.getItem(place) ?? localStorage.getItem(place) ?? "");

/** The server asked for a key, or refused the one that it was given. */
export const isKeyWanted = signal(false);

/** @param isKept beyond this tab */
export function takeKey(text: string, isKept: boolean): void {
  sessionStorage.removeItem(place);
  localStorage.removeItem(place);
  if (text !== "") (isKept ? localStorage : sessionStorage).setItem(place, text);
  key.value = text;
}

/** What the server says of a request that it does not answer. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(
    /** HTTP's; 0 where nobody answered. */
    readonly status: number,
    message: string,
    /** The field that is wrong. */
    readonly param: string | null = null,
  ) {
    super(message);
  }
}

/**
 * @param path below the page's address
 * @param isBehind nobody waits for it: a missing key is not asked for
 * @throws Refusal
 */
export async function ask(path: string, init: RequestInit = {}, isBehind = false): Promise<Response> {
  const headers = new Headers(init.headers);
  if (key.peek() !== "") headers.set("authorization", `Bearer ${key.peek()}`);
  const response = await fetch(path.replace(/^\//, ""), { ...init, headers }).catch(() => {
    throw new Refusal(0, "The server does not answer.");
  });
  if (response.ok) {
    if (!isBehind) isKeyWanted.value = false;
    return response;
  }
  if (response.status === 401 && !isBehind) isKeyWanted.value = true;
  const told = (await response.json().catch(() => ({}))) as { error?: { message?: string; param?: string | null } };
  const { message = `The server answers ${response.status}.`, param = null } = told.error ?? {};
  throw new Refusal(response.status, message, param);
}

/** With a JSON body where one is given. @throws Refusal */
export async function askJson<Answer>(path: string, body?: unknown): Promise<Answer> {
  const post = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await ask(path, body === undefined ? {} : post);
  return (await response.json()) as Answer;
}

/** Of a picture, as JSON carries it. */
export async function base64Of(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 32_768) text += String.fromCharCode(...bytes.subarray(at, at + 32_768));
  return btoa(text);
}
