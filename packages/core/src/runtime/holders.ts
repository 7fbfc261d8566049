import type { Account } from "./account";

/** Who keeps a tensor, and how often: it is kept until each `keep()` has its `release()`. */
export class Holders {
  private readonly holds = new Map<Account | undefined, number>();

  constructor(private readonly byteLength: number) {}

  get isEmpty(): boolean {
    return this.holds.size === 0;
  }

  /** One hold more. @param account of who holds it, where there is one */
  add(account: Account | undefined): void {
    const held = this.holds.get(account) ?? 0;
    if (held === 0) this.count(account, 1);
    this.holds.set(account, held + 1);
  }

  /** One hold less: of this account, or of any where it has none. */
  remove(account: Account | undefined): void {
    const holder = this.holds.has(account) ? account : [...this.holds.keys()][0];
    const held = this.holds.get(holder) ?? 0;
    if (held > 1) this.holds.set(holder, held - 1);
    else this.end(holder);
  }

  clear(): void {
    for (const holder of [...this.holds.keys()]) this.end(holder);
  }

  private end(holder: Account | undefined): void {
    if (this.holds.delete(holder)) this.count(holder, -1);
  }

  private count(account: Account | undefined, sign: 1 | -1): void {
    if (!account) return;
    account.count(sign * this.byteLength);
    const isShared = [...this.holds.keys()].some((other) => other !== account && other?.whole === account.whole);
    if (!isShared) account.whole?.count(sign * this.byteLength);
  }
}
