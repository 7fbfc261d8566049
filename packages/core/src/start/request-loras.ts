import { statSync } from "node:fs";
import type { Config } from "../config/config";
import { usualLimits } from "../config/limits";
import { type FileStamp, stampOf } from "../disk/file-stamp";
import { loraBeside } from "../errors/lora";
import { requestInvalid } from "../errors/pipeline";
import type { BranchExtent, Branches, BranchPlace } from "../graph/branches";
import type { Tensors } from "../hooks";
import type { BesideLoras, ReadLoras } from "../loop/beside-loras";
import type { RecognisedModel } from "../loop/recognised-model";
import type { OpenedComponent } from "../program/opened-component";
import type { Runs } from "../program/program";
import type { LoraReport } from "../report/report";
import { Weights } from "../weights/checkpoint/weights";
import { adapterConfigOf } from "../weights/lora/adapter-settings";
import type { WeightUpdate } from "../weights/lora/add-update";
import { type BranchFactors, branchFactors, branchRank, noFactors } from "../weights/lora/branch-factors";
import type { Updates } from "../weights/lora/count-update";
import type { LoraPlace } from "../weights/lora/found-update";
import type { RequestLora } from "../weights/lora/lora";
import { findLoraFile } from "../weights/lora/lora-file";
import { loraWarnings, matchLoras, placeOf } from "./apply-loras";
import { type BranchEngine, type BranchEngineParts, BranchEngines } from "./branch-engines";
import { inGeneration, ownGeneration } from "./current-generation";

/** LoRAs as the branches beside a model's weights are fed with them. */
interface Read extends ReadLoras {
  readonly key: string;
  /** By component and weight. */
  readonly factors: ReadonlyMap<string, ReadonlyMap<string, BranchFactors>>;
  /** What each of these components must have branches beside. */
  readonly extents: ReadonlyMap<string, BranchExtent>;
}

/** A component in one generation: what runs, and what its branches are fed. */
interface Active {
  readonly engine: BranchEngine;
  readonly feeds: Tensors;
  /** Which LoRAs, at which scales, from which state of their files. */
  readonly key: string;
}

/** `model` has the config's LoRAs merged. */
export interface RequestLoraParts extends BranchEngineParts {
  readonly config: Config;
  /** The components as they run without. */
  readonly models: readonly OpenedComponent[];
  /** Beside which weights branches may run. */
  readonly branches: Branches;
  /** By component: weights that lie in the file, and nothing runs. */
  readonly unused: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * LoRAs beside the weights of a pipeline. A component that one of them changes is compiled a second time, with branches
 * beside all its linears (and convolutions, where a LoRA has any), sharing the file of weights. Factors are fed to it:
 * other scales and other files run on what is open.
 */
export class RequestLoras implements BesideLoras {
  private readonly engines: BranchEngines;
  private last: Read | undefined;
  private place: LoraPlace | undefined;

  constructor(private readonly parts: RequestLoraParts) {
    this.engines = new BranchEngines(parts);
  }

  /** Of a component's function that runs as it is: the same, and with branches in generations that have LoRAs for it. */
  program(component: string, plain: Runs): Runs {
    return {
      run: (inputs, options) => {
        const own = this.activeIn(component);
        return own ? own.engine.opened.program.run({ ...inputs, ...own.feeds }, options) : plain.run(inputs, options);
      },
    };
  }

  /** What LoRAs a component runs with in this generation; "" for none. */
  keyOf(component: string): string {
    return this.activeIn(component)?.key ?? "";
  }

  /** The same of another function of a component, which is compiled with branches when it is first run with some. */
  entry(component: string, entry: string, plain: Runs): Runs {
    return {
      run: async (inputs, options) => {
        const own = this.activeIn(component);
        if (!own) return plain.run(inputs, options);
        const program = await this.engines.entry(own.engine, entry);
        return program.run({ ...inputs, ...own.feeds }, options);
      },
    };
  }

  /** Compiles what the LoRAs of a config need, so that generations need not. */
  async open(): Promise<void> {
    const { request_loras = {}, generate } = this.parts.config;
    const sets = [
      ...Object.entries(request_loras).map(([name, path]) => [{ name, path, scale: 1 }]),
      ...(generate.loras ? [generate.loras as readonly RequestLora[]] : []),
    ];
    for (const loras of sets)
      await this.engines.give(await this.engines.take(this.readAll(loras, "").extents, this.parts.open));
  }

  read(loras: readonly RequestLora[]): Read {
    const key = JSON.stringify(loras.map((lora) => [lora, stampsOf(findLoraFile(lora.path))]));
    if (this.last?.key !== key) {
      this.last = undefined; // its memory is free before the next is read
      this.last = this.readAll(loras, key);
    }
    return this.last;
  }

  async run<Result>(
    loras: ReadLoras | undefined,
    { signal, onProgress }: Parameters<BesideLoras["run"]>[1],
    body: (models: readonly OpenedComponent[]) => Promise<Result>,
  ): Promise<Result> {
    const { models, open } = this.parts;
    if (!loras) return inGeneration(this, new Map(), () => body(models)); // also inside a generation that has some
    const { extents } = loras as Read;
    const engines = await this.engines.take(extents, {
      ...open,
      signal,
      onCompile: (component, done, of) => onProgress?.({ kind: "compile", component, done, of }),
    });
    try {
      const active = new Map(
        engines.map((engine) => [engine.opened.name, this.activeOf(engine, loras as Read)] as const),
      );
      const running = models.map((model) => active.get(model.name)?.engine.opened ?? model);
      return await inGeneration(this, active, () => body(running));
    } finally {
      await this.engines.give(engines);
    }
  }

  private readAll(loras: readonly RequestLora[], key: string): Read {
    const { model, config, branches, unused } = this.parts;
    this.place ??= placeOf(model);
    const { loras: matches, updates: found } = matchLoras(model, this.place, loras);
    const updates = withShared(found, model);
    const files = new Map(matches.map(({ file }) => [file, Weights.openFile(file)]));
    try {
      const factors = new Map<string, Map<string, BranchFactors>>();
      const extents = new Map<string, BranchExtent>();
      for (const [component, ofComponent] of updates) {
        const isRun = ([weight]: readonly [string, unknown]): boolean => !unused.get(component)?.has(weight);
        const places = [...ofComponent].filter(isRun).map(([weight, own]) => placeIn(branches, component, weight, own));
        if (places.length === 0) continue;
        extents.set(component, places.some(({ extent }) => extent === "all") ? "all" : "pointwise");
        const read = places.map((place) => {
          const own = ofComponent.get(place.name)!;
          const sourceOf = (file: string): Weights => files.get(file)!;
          const rank = branchRank(own, sourceOf);
          checkRank(rank, place.name, config);
          return [place.name, branchFactors(place, own, rank, sourceOf)] as const;
        });
        factors.set(component, new Map(read));
      }
      const reports = matches.map(
        ({ file, scale, modules, matched }, i): LoraReport => ({
          file,
          ...(loras[i]!.name === undefined ? {} : { name: loras[i]!.name! }),
          scale,
          modules,
          matched,
        }),
      );
      return { key, factors, extents, reports, warnings: loraWarnings(matches) };
    } finally {
      for (const weights of files.values()) weights.close();
    }
  }

  private activeIn(component: string): Active | undefined {
    return ownGeneration<ReadonlyMap<string, Active>>(this)?.get(component);
  }

  private activeOf(engine: BranchEngine, { factors, key }: Read): Active {
    const { runtime } = this.parts;
    const own = factors.get(engine.opened.name)!;
    const feeds = engine.places.flatMap((place) => {
      const { down, up } = own.get(place.name) ?? noFactors(place);
      const { inputs } = place;
      return [
        [inputs!.down.name, runtime.upload(down, { keep: true })],
        [inputs!.up.name, runtime.upload(up, { keep: true })],
      ];
    });
    return { engine, feeds: Object.fromEntries(feeds), key };
  }
}

/** With those for a ControlNet that runs some of the denoiser's modules as well. */
function withShared(updates: Updates, { components }: RecognisedModel): Updates {
  const all = new Map(updates);
  for (const [name, { shared }] of components) {
    const given = [...((shared && updates.get(shared.component)) ?? [])];
    const common = given.filter(([weight]) => shared!.tensors.test(weight));
    if (common.length > 0) all.set(name, new Map(common));
  }
  return all;
}

/** Of a LoRA's file, and of the settings beside it. */
function stampsOf(file: string): (FileStamp | undefined)[] {
  return [file, adapterConfigOf(file)].map((path) => {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats && stampOf(stats);
  });
}

/** @throws SKIPSTEP_LORA_BESIDE for a weight beside which nothing runs */
function placeIn(
  { places }: Branches,
  component: string,
  weight: string,
  [first]: readonly WeightUpdate[],
): BranchPlace {
  const place = places.get(component)?.get(weight);
  if (place) return place;
  const tensor = first!.magnitude?.tensor ?? Object.values(first!.tensors)[0]!;
  throw loraBeside(
    first!.file,
    tensor,
    `for "${weight}" of ${component}, beside which no product of two can run (an embedding, a norm, a convolution in groups)`,
  );
}

function checkRank(rank: number, weight: string, { limits }: Config): void {
  const { lora_rank: most } = { ...usualLimits, ...limits };
  if (rank > most)
    throw requestInvalid([
      `loras must come to a rank of at most ${most} beside one weight, found ${rank} for "${weight}". "limits": { "lora_rank": ... } in the config allows more`,
    ]);
}
