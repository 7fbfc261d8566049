/** Where pictures that came with jobs lie, and images that were drawn. A key is `<job>/<name>`. */
export interface BlobStore {
  /**
   * Safe when it is settled; there is all of it, or nothing.
   * @throws SKIPSTEP_STORE_FULL, SKIPSTEP_STORE_FAILED
   */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** @throws SKIPSTEP_STORE_MISSING, SKIPSTEP_STORE_FAILED */
  get(key: string): Promise<Uint8Array>;
  /** All that begins with this, which is a job or a folder of one. */
  remove(folder: string): Promise<void>;
  /** Jobs that have blobs. */
  jobs(): Promise<readonly string[]>;
}
