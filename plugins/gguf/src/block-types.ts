import type { BlockType } from "./blocks/block-type";
import { iq1_m } from "./blocks/iq1-m";
import { iq1_s } from "./blocks/iq1-s";
import { iq2_s } from "./blocks/iq2-s";
import { iq2_xs } from "./blocks/iq2-xs";
import { iq2_xxs } from "./blocks/iq2-xxs";
import { iq3_s } from "./blocks/iq3-s";
import { iq3_xxs } from "./blocks/iq3-xxs";
import { iq4_nl } from "./blocks/iq4-nl";
import { iq4_xs } from "./blocks/iq4-xs";
import { mxfp4 } from "./blocks/mxfp4";
import { nvfp4 } from "./blocks/nvfp4";
import { q1_0 } from "./blocks/q1-0";
import { q2_k } from "./blocks/q2-k";
import { q3_k } from "./blocks/q3-k";
import { q4_0 } from "./blocks/q4-0";
import { q4_1 } from "./blocks/q4-1";
import { q4_k } from "./blocks/q4-k";
import { q5_0 } from "./blocks/q5-0";
import { q5_1 } from "./blocks/q5-1";
import { q5_k } from "./blocks/q5-k";
import { q6_k } from "./blocks/q6-k";
import { q8_0 } from "./blocks/q8-0";
import { q8_k } from "./blocks/q8-k";
import { tq1_0 } from "./blocks/tq1-0";
import { tq2_0 } from "./blocks/tq2-0";

/** Every block type that is read. */
export const blockTypes: readonly BlockType[] = [
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q8_0,
  q2_k,
  q3_k,
  q4_k,
  q5_k,
  q6_k,
  q8_k,
  iq2_xxs,
  iq2_xs,
  iq3_xxs,
  iq1_s,
  iq4_nl,
  iq3_s,
  iq2_s,
  iq4_xs,
  iq1_m,
  tq1_0,
  tq2_0,
  mxfp4,
  nvfp4,
  q1_0,
];

export function blockTypeNamed(name: string): BlockType | undefined {
  return blockTypes.find((type) => type.name === name);
}
