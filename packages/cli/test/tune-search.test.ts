import { describe, expect, it } from "vitest";
import type { Drawing } from "../src/render/drawing";
import { unsteadyWarnings } from "../src/render/unsteady";
import { frontOf, isFaster } from "../src/tune/front";
import { valuesOf } from "../src/tune/knob";
import { search } from "../src/tune/search";
import type { Position } from "../src/tune/setting";
import { latencyTarget, psnrTarget, speedupTarget } from "../src/tune/target";
import { type Trial, trialOf } from "../src/tune/trial";

function trial(position: Position, psnr: number, speedup: number, skipped = 1 - 1 / speedup): Trial {
  return {
    position,
    quality: { psnr, ssim: 1, gmsd: 0 },
    qualities: [{ psnr, ssim: 1, gmsd: 0 }],
    pictures: [],
    speedup: { denoiser: speedup, whole: speedup },
    speedups: [{ denoiser: speedup, whole: speedup }],
    seconds: { denoiser: 8 / speedup, whole: 10 / speedup },
    plainSeconds: [8],
    skipped,
  };
}

/** Each step of the first knob costs 1 dB and gains 0.05; one of the second costs 2 dB and gains 0.2. */
const measured = ([main = 0, side = 0]: Position): Trial =>
  trial([main, side], 50 - main - 2 * side, 1 + 0.05 * main + 0.2 * side);

async function found(target: ReturnType<typeof psnrTarget>, sizes: number[], start: Position, trials = 100) {
  const positions: Position[] = [];
  const all = await search<Trial>(
    { sizes, start },
    {
      trials,
      measure: async (position) => {
        positions.push(position);
        return measured(position);
      },
      isBeyond: target.isBeyond,
      leader: (some) => target.best(some.filter(target.meets)) ?? target.closest(some),
    },
  );
  return { best: target.best(all.filter(target.meets)), closest: target.closest(all), positions };
}

describe("search", () => {
  it("bisects one knob: 33 values in 6 trials at most, none twice", async () => {
    for (let border = 18; border <= 50; border += 4) {
      const { best, positions } = await found(psnrTarget(border), [33], [0]);
      expect(best?.position, `${border} dB`).toEqual([Math.min(32, 50 - border), 0]);
      expect(positions.length).toBeLessThanOrEqual(6);
      expect(new Set(positions.map(String)).size).toBe(positions.length);
    }
  });

  it("finds the most careful setting that is fast enough", async () => {
    expect((await found(speedupTarget(1.5), [33], [0])).best?.position).toEqual([10, 0]);
    expect((await found(latencyTarget(5), [33], [0])).best?.position).toEqual([20, 0]);
  });

  it("moves other knobs as long as that finds a better one", async () => {
    // Each step of the second knob is worth four of the first in speed, and two in quality.
    expect((await found(psnrTarget(34), [33, 5], [0, 1])).best?.position).toEqual([8, 4]);
    expect((await found(speedupTarget(1.8), [33, 5], [0, 1])).best?.position).toEqual([0, 4]);
  });

  it("moves a knob with many values by a quarter of them at first, and by one at last", async () => {
    // Each step of the second knob is worth four of the first in speed, and two in quality: the border is at its end.
    const { best, positions } = await found(psnrTarget(4), [33, 21], [0, 0]);
    expect(best?.position).toEqual([6, 20]);
    const tried = [...new Set(positions.map(([, side]) => side))];
    expect(tried.slice(0, 3)).toEqual([0, 5, 10]);
    expect(positions.length).toBeLessThanOrEqual(40);
  });

  it("stops at the number of trials, and says what came closest to a target out of reach", async () => {
    const { best, positions } = await found(psnrTarget(34), [33, 5], [0, 1], 4);
    expect(positions).toHaveLength(4);
    expect(best).toBeDefined();
    const out = await found(speedupTarget(9), [33, 5], [0, 1]);
    expect(out.best).toBeUndefined();
    expect(out.closest?.position).toEqual([32, 4]);
  });

  it("leaves out positions that there are not", async () => {
    const all = await search<Trial>(
      { sizes: [5, 2], start: [0, 0] },
      {
        trials: 9,
        measure: async (position) => (position[1] === 1 ? undefined : measured(position)),
        isBeyond: psnrTarget(48).isBeyond,
        leader: (some) => some[0],
      },
    );
    expect(all.length).toBeGreaterThan(0);
    expect(all.every(({ position }) => position[1] === 0)).toBe(true);
  });
});

describe("targets", () => {
  it("take no setting that changes nothing for the answer to a quality", () => {
    const { meets, closest } = psnrTarget(30);
    const idle = trial([0], Number.POSITIVE_INFINITY, 1.1, 0);
    expect(meets(idle)).toBe(false);
    expect(closest([idle])).toBeUndefined();
  });

  it("take the faster of two that are as close", () => {
    const [slow, fast] = [trial([1], 40, 1.6, 0.4), trial([2], 40, 1.9, 0.5)];
    for (const { best } of [speedupTarget(1.5), latencyTarget(8)]) expect(best([fast, slow])).toBe(fast);
  });
});

describe("isFaster", () => {
  const timed = (skipped: number, ...times: number[]): Trial => ({
    ...trial([0], 40, times[1]!, skipped),
    speedups: times.map((denoiser) => ({ denoiser, whole: denoiser })),
  });

  it("believes times where all say the same", () => {
    expect(isFaster(timed(0.2, 1.5, 1.6, 1.7), timed(0.4, 1.2, 1.3, 1.4))).toBe(true);
    expect(isFaster(timed(0.4, 1.2, 1.3, 1.4), timed(0.2, 1.5, 1.6, 1.7))).toBe(false);
  });

  it("goes by the work that is skipped where they do not, or are too few", () => {
    expect(isFaster(timed(0.4, 1.2, 1.3, 1.6), timed(0.2, 1.5, 1.6, 1.7))).toBe(true);
    expect(isFaster(timed(0.4, 1.2, 1.3), timed(0.2, 1.5, 1.6))).toBe(true);
    expect(isFaster(timed(0.2, 1.5, 1.6), timed(0.4, 1.2, 1.3))).toBe(false);
  });

  it("takes equal work as equally fast, and nearly equal times where none is skipped", () => {
    expect(isFaster(timed(0.2, 1.5, 1.5), timed(0.2, 1, 1))).toBe(false);
    expect(isFaster(timed(0, 1.03, 1.03), timed(0, 1, 1))).toBe(false);
    expect(isFaster(timed(0, 1.1, 1.1), timed(0, 1, 1))).toBe(true);
  });
});

describe("trialOf", () => {
  it("takes what several plugins skipped as a share of what all of it would have been", async () => {
    const toWebp = async () => new Uint8Array();
    const image = { width: 16, height: 16, data: new Uint8Array(16 * 16 * 3), toWebp };
    const compute = (skippedFlops: number) => ({
      compute: { skippedFlops, skippedShare: skippedFlops / (100 + skippedFlops) },
    });
    const drawing = (...plugins: object[]) =>
      ({ image, report: { seconds: { total: 2, phases: { denoise: 1 } }, plugins } }) as unknown as Drawing;
    const skipped = async (...plugins: object[]) => (await trialOf([0], [[drawing(), drawing(...plugins)]])).skipped;
    expect(await skipped(compute(100), {}, compute(200))).toBeCloseTo(0.75, 9); // 100 were computed
    expect(await skipped(compute(100))).toBeCloseTo(0.5, 9);
    expect(await skipped({}, compute(0))).toBe(0);
  });
});

describe("frontOf", () => {
  it("keeps what no other beats", () => {
    const [a, b, beaten, c] = [trial([0], 50, 1.1), trial([1], 40, 1.5), trial([2], 39, 1.2), trial([3], 30, 2)];
    expect(frontOf([c, beaten, b, a])).toEqual([a, b, c]);
  });

  it("goes by the numbers that it is shown by, whatever work was skipped", () => {
    const [skipping, better] = [trial([0], 35.3, 1.4, 0.6), trial([1], 37.3, 2.01, 0.5)];
    expect(frontOf([skipping, better])).toEqual([better]);
    const [same, equal] = [trial([2], 37.3, 2.01, 0.4), trial([3], 37.3, 2.01, 0.5)];
    expect(frontOf([same, equal])).toEqual([same, equal]);
  });

  it("leaves out what the config without plugins beats, and what is that config but for chance", () => {
    const infinite = Number.POSITIVE_INFINITY;
    expect(frontOf([trial([0], 35.3, 0.95, 0.6), trial([1], infinite, 0.9, 0), trial([2], infinite, 1.03, 0)])).toEqual(
      [],
    );
    expect(frontOf([trial([2], infinite, 1.8, 0)])).toEqual([]); // one image says little
    const times = { denoiser: 1.2, whole: 1.2 };
    const exact = { ...trial([3], infinite, 1.2, 0), speedups: [times, times, times] };
    expect(frontOf([exact, trial([4], 40, 1.1)])).toEqual([exact]);
  });
});

describe("unsteadyWarnings", () => {
  it("tells of equal work that took unequal times", () => {
    expect(unsteadyWarnings([1, 1.2, 1.45])).toEqual([]);
    expect(unsteadyWarnings([1, 1.2, 1.6])).toEqual([expect.stringMatching(/^The same work took 1\.00 to 1\.60 s: /)]);
  });
});

describe("valuesOf", () => {
  it.each([
    [{ from: 1, to: 5, scale: "integer" } as const, [1, 2, 3, 4, 5]],
    [{ from: 2, to: 0, scale: "integer" } as const, [2, 1, 0]],
    [{ values: [1, 2, -1] }, [1, 2, -1]],
  ])("lists %j from careful to bold", (range, values) => {
    expect(valuesOf(range)).toEqual(values);
  });

  it("spreads factors and shares evenly, in short numbers", () => {
    const factors = valuesOf({ from: 0.01, to: 1, scale: "log" }) as number[];
    expect(factors).toHaveLength(41);
    expect([factors[0], factors[20], factors.at(-1)]).toEqual([0.01, 0.1, 1]);
    expect(valuesOf({ from: 0, to: 1, scale: "linear" })).toHaveLength(21);
  });
});
