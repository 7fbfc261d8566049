import { hubNameInvalid } from "../errors/hub";

/** `hf:owner/name@revision/path`: a repository of models, or a folder or file in it. */
export interface HubName {
  /** `stabilityai/sdxl-vae` */
  readonly repository: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** Path inside the repository, without slashes at its ends; empty for all of it. */
  readonly path: string;
  /** As it was written. */
  readonly text: string;
}

const prefix = "hf:";
/** Names of pull requests have slashes in them. */
const form = /^hf:([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:@(refs\/(?:pr|convert)\/[^/@]+|[^/@]+))?(?:\/(.+?))?\/?$/;

/** Whether a config means the hub and not a path. */
export function isHubName(text: string): boolean {
  return text.startsWith(prefix);
}

/** @throws SKIPSTEP_HUB_NAME */
export function parseHubName(text: string): HubName {
  const [, repository, revision = "main", path = ""] = form.exec(text) ?? [];
  const isInside = path.split("/").every((part) => part !== ".." && part !== "." && !part.includes("\\"));
  if (repository === undefined || revision.startsWith(".") || !isInside) throw hubNameInvalid(text);
  return { repository, revision, path, text };
}
