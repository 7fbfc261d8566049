/** What the server tells a page, so that it can show a form. Both are checked against these types. */

/** As much of JSON Schema as forms are made of. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly description?: string;
  readonly [keyword: string]: unknown;
}

/** What requests to a model may say. */
export interface ModelForm {
  readonly id: string;
  /** What people call the family. */
  readonly title: string;
  /** The setting that says what to draw; null for a model that is not told. */
  readonly subject: string | null;
  /** Settings by name, without pictures and LoRAs. */
  readonly settings: Readonly<Record<string, JsonSchema>>;
  /** What they are when nothing is said. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Those of them that are others where an image is given. */
  readonly defaults_with_image: Readonly<Record<string, unknown>>;
  /** Pixels that width and height must be a multiple of. */
  readonly size_multiple: number;
  /** Settings that are pictures, those that this model can do something with. */
  readonly pictures: readonly string[];
  /** Whether it looks at images instead of beginning with one. */
  readonly looks_at_images: boolean;
  /** Names that `lora` may say. */
  readonly loras: readonly string[];
  /** Class of the model's own scheduler. */
  readonly scheduler: string;
  /** Options of all that it can use, by class. */
  readonly schedulers: Readonly<Record<string, JsonSchema>>;
  readonly plugins: readonly PluginForm[];
  /** The most that a request may ask for. */
  readonly limits: { readonly n: number; readonly side: number; readonly steps: number; readonly body_bytes: number };
}

/** A plugin that requests to a model may use. */
export interface PluginForm {
  /** What requests call it. */
  readonly use: string;
  readonly name: string;
  /** Of the package, which recipes name. */
  readonly package?: string;
  readonly description: string;
  readonly options: JsonSchema;
  /** Names of plugins that cannot stand beside it. */
  readonly conflicts: readonly string[];
  /** Its options in the config; missing where the config has none. Options that are paths are left out. */
  readonly configured?: Readonly<Record<string, unknown>>;
  readonly components?: readonly string[];
}

/** How an image was made, as a request says it. */
export interface RecipeForm {
  /** The models of this server that may be it, by the name of their files. */
  readonly models: readonly string[];
  /** What the recipe calls its model. */
  readonly model: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly scheduler?: { readonly type: string; readonly [option: string]: unknown };
  readonly plugins: readonly { readonly use: string; readonly options: Readonly<Record<string, unknown>> }[];
  /** Keys of what a request cannot say again: pictures, files beside the model. */
  readonly left_out: readonly string[];
}
