import { existsSync } from "node:fs";
import { join } from "node:path";
import { largestSmallFile } from "../disk/read-small-file";
import { readRegularText } from "../disk/regular-file";
import { hubFileMissing, hubFileTooLarge, hubOffline } from "../errors/hub";
import { bringFile, type DownloadEvent } from "./bring-file";
import { type RepositoryFolder, repositoryFolder } from "./cache-layout";
import { connectionError, type HubAccess, hubFetch } from "./hub-fetch";
import { addressOf, commitOf, filesOf, type HubFile, isCommit } from "./hub-files";
import type { HubName } from "./hub-name";
import { type HubSettings, hubSettings } from "./hub-settings";
import { replaceFile } from "./replace-file";

export interface HubOptions {
  readonly settings?: HubSettings | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onDownload?: ((event: DownloadEvent) => void) | undefined;
}

/** A repository at one commit, in the cache of Hugging Face's tools; what is missing there is downloaded into it. */
export class Snapshot {
  /** Files lie in it by their names, as far as they are here. */
  readonly folder: string;
  private listing: Promise<ReadonlyMap<string, HubFile>> | undefined;

  private constructor(
    private readonly access: HubAccess,
    private readonly repository: RepositoryFolder,
    readonly commit: string,
    private readonly onDownload: (event: DownloadEvent) => void,
  ) {
    this.folder = repository.snapshot(commit);
  }

  /**
   * Finds the commit that is meant: the one that the cache has for a branch or tag, else the hub's.
   * @throws SKIPSTEP_HUB_OFFLINE, SKIPSTEP_HUB_UNWRITABLE, what `hubFetch` throws
   */
  static async open(name: HubName, options: HubOptions = {}): Promise<Snapshot> {
    const { settings = hubSettings(), signal, onDownload = () => undefined } = options;
    const access = { name, settings, signal };
    const repository = repositoryFolder(settings.cacheFolder, name);
    const known = cachedCommit(repository, name);
    if (known !== undefined) return new Snapshot(access, repository, known, onDownload);
    if (settings.offline) throw hubOffline(name.text, settings.cacheFolder);
    const commit = await commitOf(access);
    if (commit !== name.revision) await replaceFile(repository.ref(name.revision), commit);
    return new Snapshot(access, repository, commit, onDownload);
  }

  /** Whether the commit has a file. Asks the hub when the cache does not know. */
  async has(file: string): Promise<boolean> {
    if (this.isHere(file)) return true;
    const note = join(this.repository.absent(this.commit), file);
    if (existsSync(note) || this.access.settings.offline) return false;
    if ((await this.files()).has(file)) return true;
    await replaceFile(note, "");
    return false;
  }

  /** Whether a file is in the cache. */
  isHere(file: string): boolean {
    return existsSync(join(this.folder, file));
  }

  /**
   * Downloads a file that is not here.
   * @returns its path
   * @throws SKIPSTEP_HUB_FILE when there is no such file, SKIPSTEP_HUB_OFFLINE, what `bringFile` throws
   */
  async bring(file: string): Promise<string> {
    const { access, repository, commit, onDownload } = this;
    const path = join(this.folder, file);
    if (!this.isHere(file))
      await bringFile(access, repository, { file: await this.fileOf(file), commit, path }, onDownload);
    return path;
  }

  /** What the hub knows of a file. @throws SKIPSTEP_HUB_FILE, also for a config or a tokenizer of an impossible size; SKIPSTEP_HUB_OFFLINE */
  async fileOf(file: string): Promise<HubFile> {
    const { name, settings } = this.access;
    if (settings.offline) throw hubOffline(`${file} of ${name.text}`, settings.cacheFolder);
    const files = await this.files();
    const found = files.get(file);
    if (!found) throw hubFileMissing(name.text, file, [...files.keys()]);
    if (/\.(json|txt|jinja|model)$/.test(file) && found.size > largestSmallFile)
      throw hubFileTooLarge(name.text, file, found.size);
    return found;
  }

  /** The first bytes of a file, without keeping them. */
  async start(file: string, length: number): Promise<Buffer> {
    const headers = { range: `bytes=0-${length - 1}` };
    const response = await hubFetch(this.access)(addressOf(this.access, this.commit, file), { headers });
    const chunks: Uint8Array[] = [];
    let done = 0;
    // A server that knows no ranges sends all of it: the loop's end hangs up.
    try {
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        chunks.push(chunk);
        done += chunk.length;
        if (done >= length) break;
      }
    } catch (error) {
      throw connectionError(response.url, error, this.access.signal);
    }
    return Buffer.concat(chunks).subarray(0, length);
  }

  private files(): Promise<ReadonlyMap<string, HubFile>> {
    this.listing ??= filesOf(this.access, this.commit);
    return this.listing;
  }
}

/** The commit that a name stands for, as far as it is known here. */
export function cachedCommit(repository: RepositoryFolder, { revision }: HubName): string | undefined {
  if (isCommit(revision)) return revision;
  try {
    const known = readRegularText(repository.ref(revision)).trim();
    return isCommit(known) ? known : undefined; // anything else would lead out of the folder
  } catch {
    return undefined; // never asked for
  }
}
