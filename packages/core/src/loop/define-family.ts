import { familyInvalid } from "../errors/pipeline";
import type { SettingTable, SettingValues } from "../settings/setting";
import type { Configs, Family, FamilyParts, FamilyPipeline, SettingProblem } from "./family";
import type { SettingDefaults, SettingsOf } from "./settings";

type Typed = "settings" | "defaults" | "problems" | "firstStep" | "sizes" | "open";

/** A `Family` whose own settings have their types. */
export interface FamilyDefinition<Table extends SettingTable> extends Omit<Family, Typed> {
  readonly settings: Table;
  defaults(configs: Configs, fromImage: boolean): SettingDefaults & Partial<SettingValues<Table>>;
  problems?(configs: Configs, settings: SettingsOf<Table>): readonly SettingProblem[];
  firstStep?(settings: SettingsOf<Table>): number;
  sizes(configs: Configs, settings: SettingsOf<Table>): ReturnType<Family["sizes"]>;
  open(parts: FamilyParts): Promise<FamilyPipeline>;
}

/**
 * A family of pipelines, for `families` of a plugin's manifest.
 * @throws SKIPSTEP_FAMILY_INVALID for authors without a type checker
 */
export function defineFamily<Table extends SettingTable>(definition: FamilyDefinition<Table>): Family {
  const { className, denoiser, components, settings, subject } = definition as { [Key in keyof Family]?: unknown };
  const isTable = (value: unknown): value is object => typeof value === "object" && value !== null;
  if (typeof className !== "string" || className === "")
    throw familyInvalid("?", 'needs a "className", as in model_index.json');
  if (!isTable(components) || typeof denoiser !== "string" || !Object.hasOwn(components, denoiser))
    throw familyInvalid(className, 'needs "components", and a "denoiser" that is one of them');
  const withoutStructure = Object.values((components as Family["components"])[denoiser]!).find(
    ({ architecture }) => architecture.structure === undefined,
  );
  if (withoutStructure)
    throw familyInvalid(className, `needs a "structure" of ${withoutStructure.architecture.className}, for plugins`);
  if (!isTable(settings)) throw familyInvalid(className, 'needs "settings": those that it takes');
  const named = (subject as Family["subject"])?.setting;
  if (named !== undefined && !Object.hasOwn(settings, named))
    throw familyInvalid(className, `draws by "${named}", which is none of its settings`);
  const { problems = () => [] } = definition as unknown as Partial<Family>;
  return { ...(definition as unknown as Family), problems };
}
