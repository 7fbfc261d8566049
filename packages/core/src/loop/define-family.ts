import { familyInvalid } from "../errors/pipeline";
import { take } from "../settings/common-settings";
import type { SettingTable, SettingValues } from "../settings/setting";
import { type ComponentClasses, classesOf, unclear } from "./component-classes";
import type { Configs, Family, FamilyParts, FamilyPipeline, SettingProblem } from "./family";
import type { SettingDefaults, SettingsOf } from "./settings";

type Told =
  | "components"
  | "denoiser"
  | "settings"
  | "defaults"
  | "settle"
  | "problems"
  | "firstStep"
  | "sizes"
  | "open";

/** A `Family` as its author writes it: its own settings have their types, and its components are architectures. */
export interface FamilyDefinition<Table extends SettingTable> extends Omit<Family, Told> {
  readonly components: Readonly<Record<string, ComponentClasses>>;
  /** When left out, the one component whose architectures have a `structure`. */
  readonly denoiser?: string;
  readonly settings: Table;
  /** As `Family.defaults`, of this family's own settings as well. */
  defaults(configs: Configs, fromImage: boolean, inpaints?: boolean): SettingDefaults & Partial<SettingValues<Table>>;
  /** As `Family.settle`, with this family's own settings. */
  settle?(configs: Configs, settings: SettingsOf<Table>): Partial<SettingsOf<Table>>;
  /** As `Family.problems`; none when left out. */
  problems?(configs: Configs, settings: SettingsOf<Table>): readonly SettingProblem[];
  /** As `Family.firstStep`. */
  firstStep?(settings: SettingsOf<Table>): number;
  /** As `Family.sizes`. */
  sizes(configs: Configs, settings: SettingsOf<Table>): ReturnType<Family["sizes"]>;
  /** As `Family.open`. */
  open(parts: FamilyParts): Promise<FamilyPipeline>;
}

/**
 * A family of pipelines, for `families` of a plugin's manifest.
 * @throws SKIPSTEP_FAMILY_INVALID for authors without a type checker
 */
export function defineFamily<Table extends SettingTable>(definition: FamilyDefinition<Table>): Family {
  const { className, components: given, settings, subject } = definition as { [Key in keyof Family]?: unknown };
  const isTable = (value: unknown): value is object => typeof value === "object" && value !== null;
  if (typeof className !== "string" || className === "")
    throw familyInvalid("?", 'needs a "className", as in model_index.json');
  if (!isTable(given) || !Object.values(given).every(isTable))
    throw familyInvalid(className, 'needs "components": what each may be');
  const classes = Object.entries(given as FamilyDefinition<Table>["components"]);
  const [unsaid] = classes.flatMap(([, one]) => unclear(one));
  if (unsaid) throw familyInvalid(className, `must say which function of ${unsaid.className} it runs`);
  const components = Object.fromEntries(classes.map(([name, one]) => [name, classesOf(one)]));
  const denoiser = definition.denoiser ?? onlyWithStructure(components);
  if (denoiser === undefined || !Object.hasOwn(components, denoiser))
    throw familyInvalid(
      className,
      'needs a component with a "structure", which plugins go by, or a "denoiser" that says which of several',
    );
  const withoutStructure = Object.values(components[denoiser]!).find(
    ({ architecture }) => architecture.structure === undefined,
  );
  if (withoutStructure)
    throw familyInvalid(className, `needs a "structure" of ${withoutStructure.architecture.className}, for plugins`);
  if (!isTable(settings)) throw familyInvalid(className, 'needs "settings": those that it takes');
  const named = (subject as Family["subject"])?.setting;
  if (named !== undefined && !Object.hasOwn(settings, named))
    throw familyInvalid(className, `draws by "${named}", which is none of its settings`);
  if (named !== undefined && ![(settings as SettingTable)[named]!.schema.type].flat().includes("array"))
    throw familyInvalid(className, `draws by "${named}", which must be a list: each entry is an image`);
  const { imagesSetting = "num_images_per_prompt", open } = definition;
  if (imagesSetting !== "num_images_per_prompt" && !Object.hasOwn(settings, imagesSetting))
    throw familyInvalid(className, `counts images by "${imagesSetting}", which is none of its settings`);
  if (typeof open !== "function") throw familyInvalid(className, 'needs "open", which gives the pipeline');
  const { problems = () => [] } = definition as unknown as Partial<Family>;
  const taken = { ...take("loras"), ...settings }; // of every family: they change weights, whatever these compute
  return { ...(definition as unknown as Family), settings: taken, components, denoiser, problems };
}

/** The component that plugins may know of before anything is loaded. */
function onlyWithStructure(components: Family["components"]): string | undefined {
  const found = Object.keys(components).filter((name) =>
    Object.values(components[name]!).every(({ architecture }) => architecture.structure !== undefined),
  );
  return found.length === 1 ? found[0] : undefined;
}
