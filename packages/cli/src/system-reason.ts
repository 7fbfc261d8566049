const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  ENOTDIR: "a file is where a folder must be",
  EEXIST: "a file is where a folder must be",
  ENAMETOOLONG: "the name is too long",
};

/** Why the system refused, in words. */
export function systemReason(error: unknown): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return reasons[code] ?? message;
}
