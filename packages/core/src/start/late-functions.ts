import type { LateFunctions as Told } from "../loop/late-functions";
import type { OpenedComponent } from "../program/opened-component";
import { fallbackNotes } from "./fallback-notes";

type Function = Pick<OpenedComponent, "name" | "fallback">;

/** Functions of components that are opened when a generation first needs them, and which of them each one asked for. */
export class LateFunctions implements Told {
  private readonly known = new Map<string, Function & { readonly asked: number }>();
  private asked = 0;

  /** @param name `vae/encode` */
  note(name: string, { fallback }: Pick<OpenedComponent, "fallback">): void {
    this.known.set(name, { name, fallback, asked: ++this.asked });
  }

  since(): ReturnType<Told["since"]> {
    const before = this.asked;
    return () => {
      const own = [...this.known.values()].filter(({ asked }) => asked > before);
      const said = (wanted: string): string[] =>
        fallbackNotes(own)
          .filter(({ kind }) => kind === wanted)
          .map(({ text }) => text);
      return { functions: own, warnings: said("warning"), notes: said("conclusion") };
    };
  }
}
