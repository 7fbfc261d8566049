import { readFileSync } from "node:fs";
import { join } from "node:path";
import { autoencoderKl, dit } from "@skipstep/core/model";
import type { Benchmark, Figure, Say } from "../benchmark";
import { psnr } from "../psnr";
import { writeRandomModel } from "../random-checkpoint";
import { ditXl2 } from "../random-dit";
import { sd15 } from "../sd15-configs";
import { inTemporaryFolder } from "../temporary-folder";
import { againstSdCpp } from "./against-sd-cpp";
import {
  type Contestant,
  type Cost,
  type Match,
  openPeer,
  openSkipstep,
  type PeerRun,
  type SkipstepRun,
} from "./contestants";

const THREADS = 2;
const ROUNDS = Number(process.env.SKIPSTEP_PEERS_ROUNDS ?? 5);
/** What takes longer than this is run once: PyTorch's bfloat16 takes minutes without its kernels for it. */
const MOST_SECONDS = 30;
const WANTED = new RegExp(process.env.SKIPSTEP_PEERS ?? "");

type Entry = readonly [title: string, open: (match: Match) => Promise<Contestant | string>];

interface Contest {
  readonly name: string;
  readonly title: string;
  readonly match: Omit<Match, "folder" | "threads">;
  write(folder: string): void;
  /** Those that are open at one time, and run in turns: all of them would not fit into memory. Ours in float32 is first. */
  readonly heats: readonly (readonly Entry[])[];
  /** Ours, the peer that it is held against, and the most that it may take of that one's time. */
  readonly targets: readonly (readonly [ours: string, peer: string, most: number])[];
}

function ours(title: string, plugins: SkipstepRun["plugins"]): Entry {
  return [title, (match) => openSkipstep({ ...match, plugins })];
}

function peer(title: string, run: Pick<PeerRun, "peer" | "precision" | "between">): Entry {
  return [title, (match) => openPeer({ ...match, ...run })];
}

const floatPeers = [
  peer("OpenVINO, float32", { peer: "openvino", precision: "float32" }),
  peer("PyTorch, float32", { peer: "torch", precision: "float32" }),
];
const bfloat16Peers = [
  peer("OpenVINO, bfloat16", { peer: "openvino", precision: "bfloat16" }),
  peer("PyTorch, bfloat16", { peer: "torch", precision: "bfloat16" }),
];
const int8Peers = [
  peer("OpenVINO, int8, bfloat16 between", { peer: "openvino", precision: "int8", between: "bf16" }),
  peer("OpenVINO, int8, float32 between", { peer: "openvino", precision: "int8", between: "f32" }),
];

const eightBits = { load_in_8bit: true, llm_int8_threshold: 0 };

const contests: readonly Contest[] = [
  {
    name: "peers-decoder",
    title: "SD 1.5's decoder, 512 x 512",
    match: { model: "decoder", sizes: { B: 1, h: 64, w: 64 } },
    write: (folder) =>
      writeRandomModel(folder, {
        architecture: autoencoderKl,
        config: sd15.vae,
        dtype: "float16",
        has: (name) => !/\.(query|key|value|proj_attn)\./.test(name),
      }),
    heats: [
      [ours("float32", []), ours("channels-last", [{ use: "channels-last", options: {} }]), ...floatPeers],
      [ours("channels-last, int8", [{ use: "channels-last", options: { int8: "dynamic" } }]), ...bfloat16Peers],
    ],
    targets: [
      ["channels-last, int8", "OpenVINO, bfloat16", 1],
      ["channels-last", "float32", 1],
    ],
  },
  {
    name: "peers-dit",
    title: "DiT-XL/2, batch 2, 256 x 256",
    match: { model: "dit", sizes: { B: 2, H: 32, W: 32 } },
    write: (folder) =>
      writeRandomModel(folder, { architecture: dit, config: ditXl2, dtype: "float16", has: () => true }),
    heats: [
      [ours("float32", []), ...floatPeers],
      [
        ours("bnb, 8 bits", [{ use: "bnb", options: eightBits }]),
        ours("bnb, 8 bits, one scale", [{ use: "bnb", options: { ...eightBits, llm_int8_scale: "tensor" } }]),
        ...int8Peers,
      ],
      bfloat16Peers,
    ],
    targets: [
      ["float32", "OpenVINO, float32", 1],
      ["bnb, 8 bits, one scale", "OpenVINO, int8, bfloat16 between", 1],
    ],
  },
];

/** `pnpm bench peers` runs them all, and each one's results are written when it has ended. */
export const peersBenchmarks: readonly Benchmark[] = [
  ...contests.map(
    (contest): Benchmark => ({
      name: contest.name,
      about: `${contest.title}, random weights, in Skipstep and in other programs side by side, ${THREADS} threads each: every one in a process of its own, some at a time in turns, the least of ${ROUNDS} rounds (what takes more than ${MOST_SECONDS} s is run once), with the processor time of all threads; PSNR against Skipstep's float32. int8 of OpenVINO is NNCF's. SKIPSTEP_PEERS_PYTHON names a Python with openvino, nncf, torch and diffusers, SKIPSTEP_PEERS a regular expression for the titles of what is to run, SKIPSTEP_PEERS_ROUNDS another number of rounds.`,
      run: (say) => inTemporaryFolder((folder) => held(contest, folder, say)),
    }),
  ),
  {
    name: "peers-sd-cpp",
    about:
      "Stable Diffusion 1.5 with random weights at 512 x 512 in two guided steps, in Skipstep and in stable-diffusion.cpp, whose `sd-cli` SKIPSTEP_PEERS_SDCPP names; its seconds are its log's.",
    run: (say) => inTemporaryFolder((folder) => againstSdCpp(folder, THREADS, WANTED, say)),
  },
];

interface Ran {
  readonly seconds: number;
  readonly processor: number;
  readonly output: Float32Array;
}

async function held(contest: Contest, folder: string, say: Say): Promise<Figure[]> {
  const full = (title: string): string => `${contest.title}, ${title}`;
  if (!contest.heats.flat().some(([title]) => WANTED.test(full(title)))) return [];
  contest.write(folder);
  const ran = new Map<string, Ran>();
  for (const heat of contest.heats) {
    const wanted = heat.filter(([title]) => WANTED.test(full(title)));
    const match = { ...contest.match, folder, threads: THREADS };
    for (const [title, each] of await inTurns(wanted, match, (line) => say(full(line)))) ran.set(title, each);
  }
  const exact = ran.get(contest.heats[0]![0]![0])?.output;
  const figures = [...ran].flatMap(([title, { seconds, processor, output }]): Figure[] => [
    { what: full(title), value: seconds, unit: "s" },
    { what: `${full(title)}, processor`, value: processor, unit: "s" },
    ...(exact && output !== exact
      ? [{ what: `${full(title)}, PSNR`, value: psnr(output, exact), unit: "dB" } as const]
      : []),
  ]);
  const ratios = contest.targets.flatMap(([title, other, most]): Figure[] => {
    const [ours, theirs] = [ran.get(title), ran.get(other)];
    if (!ours || !theirs) return [];
    const what = `${full(title)}, time over ${other}`;
    return [{ what, value: ours.seconds / theirs.seconds, unit: "times", target: { most } }];
  });
  return [...figures, ...ratios];
}

/** Opens all of a heat, runs them in turns, and takes the least of each. */
async function inTurns(entries: readonly Entry[], match: Match, say: Say): Promise<Map<string, Ran>> {
  const present = new Map<string, { readonly contestant: Contestant; readonly costs: Cost[] }>();
  for (const [title, open] of entries) {
    const contestant = await open(match);
    if (typeof contestant === "string") say(`${title} is left out: ${contestant}`);
    else present.set(title, { contestant, costs: [] });
  }
  for (let round = 0; round < ROUNDS; round++)
    for (const [title, { contestant, costs }] of present) {
      if (costs.some(({ seconds }) => seconds > MOST_SECONDS)) continue;
      const cost = await contestant.run();
      costs.push(cost);
      say(`${title}: ${cost.seconds.toFixed(2)} s`);
    }
  const ran = new Map<string, Ran>();
  for (const [title, { contestant, costs }] of present) {
    const path = join(match.folder, "output");
    await contestant.write(path);
    const { buffer } = new Uint8Array(readFileSync(path));
    await contestant.close();
    const least = (of: "seconds" | "processor"): number => Math.min(...costs.map((cost) => cost[of]));
    ran.set(title, { seconds: least("seconds"), processor: least("processor"), output: new Float32Array(buffer) });
  }
  return ran;
}
