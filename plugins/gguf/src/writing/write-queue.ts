import type { FileHandle } from "node:fs/promises";
import type { RoundedChunk } from "./round-chunk";

interface Entry {
  readonly chunk: Promise<RoundedChunk>;
  readonly onWritten: (chunk: RoundedChunk) => void;
}

/** Chunks that are rounded side by side and written one after the other. */
export class WriteQueue {
  private readonly underWay: Entry[] = [];

  /** @param most chunks that are rounded at once */
  constructor(
    private readonly file: FileHandle,
    private readonly most: number,
  ) {}

  /**
   * Waits while there are too many. @throws what rounding or writing one of those before it threw
   * @param onWritten called in the order of the calls
   */
  async add(chunk: Promise<RoundedChunk>, onWritten: Entry["onWritten"] = () => undefined): Promise<void> {
    chunk.catch(() => undefined); // its turn to be written may never come
    this.underWay.push({ chunk, onWritten });
    while (this.underWay.length > this.most) await this.writeNext();
  }

  /** Writes all that is left. */
  async drain(): Promise<void> {
    while (this.underWay.length > 0) await this.writeNext();
  }

  private async writeNext(): Promise<void> {
    const { chunk, onWritten } = this.underWay.shift()!;
    const rounded = await chunk;
    await this.file.appendFile(rounded.bytes);
    onWritten(rounded);
  }
}
