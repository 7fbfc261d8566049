import type { JSONSchemaType } from "@skipstep/core/plugin";
import { type Codebook, type CodebookName, codebooks } from "./codebook";

export interface AdaCacheOptions {
  /** How long a computation is to last, by the change that is measured: the authors' by name, or pairs. */
  codebook: CodebookName | Codebook;
  /** Blocks whose residual is measured, from 0; the one in the middle when null. */
  cache_loc: readonly number[] | null;
}

export const options: JSONSchemaType<AdaCacheOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    codebook: {
      type: ["string", "array"],
      pattern: `^(${Object.keys(codebooks).join("|")})$`,
      items: {
        type: "array",
        minItems: 2,
        maxItems: 2,
        items: [
          { type: "number", exclusiveMinimum: 0 },
          { type: "integer", minimum: 1 },
        ],
      },
      minItems: 1,
      default: "fast",
      description:
        "Steps that a computation lasts, by the change that was measured: fast, slow (30 steps), long (100), or pairs.",
    } as never, // `JSONSchemaType` has no word for a union
    cache_loc: {
      type: ["array", "null"],
      items: { type: "integer", minimum: 0 },
      minItems: 1,
      uniqueItems: true,
      default: null,
      description: "Blocks whose residual is measured, from 0; the one in the middle when null.",
    } as never,
  },
};
