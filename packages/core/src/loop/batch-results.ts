import { pluginIdle } from "../errors/pipeline";
import { printable } from "../errors/printable";
import { imagesOf } from "../image/image";
import { recipeText } from "../recipe/recipe";
import { idleControlNets, reportControlNets } from "../report/control-net-report";
import { reportCopies } from "../report/copies-report";
import { drawnTogether } from "../report/drawn-together";
import { lateNotes } from "../report/late-notes";
import { idlePlugins, type Report, reportPlugins, unmeasured } from "../report/report";
import { pixelsNotFinite } from "../report/warnings";
import type { Copied } from "../runtime/runtime";
import { settingNotes } from "../settings/setting";
import type { Floats } from "../tensor";
import { broughtBy } from "./brought";
import { controlNetsIn } from "./control-nets";
import { controlAt } from "./control-schedule";
import type { LateTimesteps } from "./family";
import type { EncodedMember, RunningBatch } from "./generate-batch";
import { generationRecipe } from "./generation-recipe";
import { rows } from "./guidance";
import type { GenerateResult, PipelineParts } from "./pipeline";
import type { RunHooks } from "./run-hooks";
import type { Settings } from "./settings";
import type { Stopwatch } from "./stopwatch";

/** What was drawn in one batch. */
interface DrawnBatch {
  readonly watch: Stopwatch;
  /** Of all members. */
  readonly settings: Settings;
  /** Where the images of each member lie in it: from, and up to. */
  readonly ownRows: readonly (readonly [number, number])[];
  /** `[B, 3, H, W]`, -1..1 */
  readonly sample: Floats;
  readonly latents: Floats;
  readonly steps: number;
  readonly hooks: RunHooks;
  readonly late: LateTimesteps;
  readonly copies: readonly Copied[];
  readonly warnings: readonly string[];
  /** What there is to say of members whose latents are not finite. */
  readonly broken: ReadonlyMap<EncodedMember, string>;
}

/** Images, report and recipe of each member. @throws SKIPSTEP_PLUGIN_NO_EFFECT where the config is strict */
export function batchResults(
  parts: PipelineParts,
  members: readonly EncodedMember[],
  { asked: askedFunctions, loras }: RunningBatch,
  { watch, settings, ownRows, sample, latents, steps, hooks, late, copies, warnings, broken }: DrawnBatch,
): GenerateResult[] {
  const { model, scheduler: choice, config, plugins, models, buildHooks } = parts;
  const { family } = model;
  const nets = controlNetsIn(model.components.keys());
  const reports = reportPlugins(buildHooks, hooks, steps, family.denoiser, broughtBy(plugins, model, choice));
  const steered = reportControlNets(
    nets,
    Array.from({ length: steps }, (_, i) => controlAt(settings, nets.length, i, steps)),
  );
  const idle = reports.filter(({ effect }) => !effect).map(({ name }) => name);
  if (config.strict && idle.length > 0) throw pluginIdle(idle);

  const asked = askedFunctions();
  const placed = [...models, ...asked.functions].flatMap(({ name, fallback }) =>
    fallback ? [[name, fallback.counts] as const] : [],
  );
  return members.map((member, i) => {
    const { settings: own, encoded, masked, encodings } = member;
    const notFinite = broken.get(member);
    const recipe = generationRecipe(parts, own, reports);
    const textOf = (image: number): Record<string, string> => recipeText({ ...recipe, image });
    const decoded = imagesOf(rows(sample, ...ownRows[i]!), textOf, masked.picture?.pasted);
    const report: Report = {
      seed: own.seed,
      ...(members.length > 1 ? { together: members.length } : {}),
      seconds: watch.seconds(),
      plugins: reports,
      ...(steered.length > 0 ? { controlnets: steered } : {}),
      keptBytes: hooks.account.peakKeptBytes,
      encodings,
      ...(placed.length > 0 ? { cpuNodes: Object.fromEntries(placed) } : {}),
      ...reportCopies(copies),
      ...(loras ? { loras: loras.reports } : {}),
      warnings: [
        ...parts.warnings,
        ...(own.remarks ?? []),
        ...(loras?.warnings ?? []),
        ...encoded.warnings,
        ...masked.warnings,
        ...warnings,
        ...(notFinite ? [notFinite] : []),
        ...decoded.flatMap(({ nonFinite }, image) => (nonFinite > 0 ? [pixelsNotFinite(image, nonFinite)] : [])),
        ...asked.warnings,
        ...idleControlNets(steered),
        ...unmeasured(reports),
        ...idlePlugins(reports),
      ].map(printable),
      notes: [
        ...parts.notes,
        ...asked.notes,
        ...settingNotes(family.settings, own),
        ...(encoded.notes ?? []),
        ...lateNotes(late, { scheduler: choice.className, pipeline: family.className }),
        ...drawnTogether(members.length),
      ].map(printable),
    };
    const images = decoded.map(({ image }) => image);
    return { images, latents: rows(latents, ...ownRows[i]!), report, recipe };
  });
}
