import type { BnbOptions } from "../../plugins/bnb/src/index";
import { options } from "../../plugins/bnb/src/options";

/** Options with the schema's values for those that are left out. */
export function bnbOptions(given: Partial<BnbOptions> = {}): BnbOptions {
  const properties = options.properties as Readonly<Record<string, { default: unknown }>>;
  const defaults = Object.entries(properties).map(([key, value]) => [key, value.default]);
  return { ...Object.fromEntries(defaults), ...given } as BnbOptions;
}
