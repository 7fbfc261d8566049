import { type BranchExtent, Branches, type BranchPlace } from "../graph/branches";
import type { FamilyParts } from "../loop/family";
import type { RecognisedModel } from "../loop/recognised-model";
import { BuildHookRunner } from "../plugins/build-hooks";
import type { PluginHost } from "../plugins/host";
import type { OpenedComponent } from "../program/opened-component";
import type { Runs } from "../program/program";
import type { Runtime } from "../runtime/runtime";
import { buildModels } from "./build-model";
import type { LateFunctions } from "./late-functions";
import { lazyEntries } from "./lazy-entries";
import { type OpenOptions, openModels } from "./open-models";

/** A component with branches, open. */
export interface BranchEngine {
  readonly extent: BranchExtent;
  readonly opened: OpenedComponent;
  /** Those that have a branch. */
  readonly places: readonly BranchPlace[];
}

export interface BranchEngineParts {
  readonly model: RecognisedModel;
  readonly plugins: PluginHost;
  readonly runtime: Runtime;
  readonly open: OpenOptions;
  readonly late: LateFunctions;
}

/** Components with branches beside their weights: compiled when they are first needed, and kept open. */
export class BranchEngines {
  private readonly engines = new Map<string, BranchEngine>();
  /** Generations that run an engine now: one may be started inside another. */
  private readonly users = new Map<BranchEngine, number>();
  /** Opens further functions with branches, by component and extent. */
  private readonly entries = new Map<string, FamilyParts["entry"]>();
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: BranchEngineParts) {}

  /** Opens components with branches, in the order in which they are asked for. @returns those, to be given back */
  take(extents: ReadonlyMap<string, BranchExtent>, open: OpenOptions): Promise<readonly BranchEngine[]> {
    const taken = this.turn.then(() => this.opened(extents, open));
    this.turn = taken.catch(() => undefined); // told to who asked
    return taken;
  }

  async give(engines: readonly BranchEngine[]): Promise<void> {
    for (const engine of engines) {
      const users = this.users.get(engine)! - 1;
      if (users > 0) this.users.set(engine, users);
      else this.users.delete(engine);
      const isKept = this.engines.get(engine.opened.name) === engine;
      if (users === 0 && !isKept) await engine.opened.program.close();
    }
  }

  /** Another function of a component, compiled when it is first asked for. */
  entry({ extent, opened: { name } }: BranchEngine, entry: string): Promise<Runs> {
    const key = `${name}/${extent}`;
    const open = this.entries.get(key) ?? this.entriesOf(name, extent);
    this.entries.set(key, open);
    return open(name, entry);
  }

  private async opened(
    extents: ReadonlyMap<string, BranchExtent>,
    open: OpenOptions,
  ): Promise<readonly BranchEngine[]> {
    const needed = new Map([...extents].filter(([name, extent]) => this.engines.get(name)?.extent !== extent));
    if (needed.size > 0) await this.replace(needed, open);
    const engines = [...extents.keys()].map((name) => this.engines.get(name)!);
    for (const engine of engines) this.users.set(engine, (this.users.get(engine) ?? 0) + 1);
    return engines;
  }

  /** What is open with other branches is closed first, so that its weights are in memory once. */
  private async replace(needed: ReadonlyMap<string, BranchExtent>, open: OpenOptions): Promise<void> {
    const { model, plugins, runtime } = this.parts;
    const { models, branches } = buildModels(model, plugins, open.memory, needed);
    for (const { name, weights } of models) if (!needed.has(name)) weights.close();
    for (const name of needed.keys()) await this.drop(name);
    const opened = await openModels(
      models.filter(({ name }) => needed.has(name)),
      runtime,
      open,
    );
    for (const one of opened) {
      const places = [...branches.places.get(one.name)!.values()].filter(({ inputs }) => inputs);
      this.engines.set(one.name, { extent: needed.get(one.name)!, opened: one, places });
    }
  }

  /** One that is at work is closed by who gives it back last. */
  private async drop(name: string): Promise<void> {
    const engine = this.engines.get(name);
    this.engines.delete(name);
    if (engine && !this.users.has(engine)) await engine.opened.program.close();
  }

  private entriesOf(name: string, extent: BranchExtent): FamilyParts["entry"] {
    const { model, plugins, runtime, open, late } = this.parts;
    const hooks = new Branches(new BuildHookRunner(plugins, model.family.denoiser), new Map([[name, extent]]));
    return lazyEntries(model.components, runtime, hooks, open, late);
  }
}
