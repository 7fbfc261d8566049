/** As much of JSON Schema (draft-07) as is looked into here. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly description?: string;
  readonly [keyword: string]: unknown;
}
