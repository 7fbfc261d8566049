import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { throwIfAborted } from "../src/runtime/cancel";
import type { DeviceTensor } from "../src/runtime/device-tensor";
import { Runtime, type Session } from "../src/runtime/runtime";
import { type Floats, floats } from "../src/tensor";
import { writeModel } from "./tiny-onnx";

const negate = writeModel({ nodes: [["Neg", ["x"], "y"]], inputs: { x: [1, ["n"]] }, outputs: { y: [1, ["n"]] } });
const expired = { code: "SKIPSTEP_TENSOR_EXPIRED" };
const ones: Floats = floats([4], new Float32Array(4).fill(1));

let runtime: Runtime;
let session: Session;
beforeAll(async () => {
  runtime = await Runtime.start({ provider: "cpu", threads: 1 });
});
beforeEach(async () => {
  session = await runtime.open(negate);
});
afterAll(() => runtime.close());

async function negated(x: DeviceTensor = runtime.upload(ones)): Promise<DeviceTensor> {
  return (await session.run({ x })).outputs.y!;
}

describe("a pass", () => {
  it("drops at its end what was not kept", async () => {
    await runtime.generation(async () => {
      const [dropped, kept] = await runtime.pass(async () => [await negated(), (await negated()).keep()]);
      await expect(dropped!.read()).rejects.toMatchObject(expired);
      await expect(dropped!.read()).rejects.toThrow(/^The float32 \[4\] tensor is gone: the pass .* Call keep\(\)/);
      await expect(negated(dropped!)).rejects.toMatchObject(expired);
      expect(() => dropped!.keep()).toThrow(expect.objectContaining(expired));
      expect((await kept!.read()).data).toEqual(new Float32Array(4).fill(-1));
    });
  });

  it("drops when its body throws, and passes the error on", async () => {
    let tensor: DeviceTensor | undefined;
    const pass = runtime.pass(async () => {
      tensor = await negated();
      throw new RangeError("planted");
    });
    await expect(pass).rejects.toThrow("planted");
    await expect(tensor!.read()).rejects.toMatchObject(expired);
  });

  it("drops what a run gives that nobody waited for", async () => {
    let run: Promise<DeviceTensor> | undefined;
    await runtime.pass(async () => {
      run = negated();
    });
    await expect((await run!).read()).rejects.toMatchObject(expired);
  });

  it("takes over what an inner pass keeps only through the generation", async () => {
    await runtime.generation(async () => {
      const inner = await runtime.pass(() => runtime.pass(async () => runtime.upload(ones).keep()));
      expect((await inner.read()).data).toEqual(ones.data);
    });
  });

  it("leaves tensors of the generation and of the runtime alone", async () => {
    const outside = runtime.upload(ones);
    await runtime.generation(async () => {
      const uploaded = runtime.upload(ones);
      await runtime.pass(() => negated(uploaded));
      expect((await uploaded.read()).data).toEqual(ones.data);
    });
    expect((await outside.read()).data).toEqual(ones.data);
    outside.release();
    await expect(outside.read()).rejects.toMatchObject(expired);
  });

  it("keeps apart what runs at the same time", async () => {
    const { promise: open, resolve } = gate();
    const slow = runtime.pass(async () => {
      const mine = runtime.upload(ones);
      await open;
      return mine.read();
    });
    const other = await runtime.pass(async () => runtime.upload(ones));
    await expect(other.read()).rejects.toMatchObject(expired);
    resolve();
    expect((await slow).data).toEqual(ones.data);
  });
});

describe("kept tensors", () => {
  it("are gone with their generation", async () => {
    const kept = await runtime.generation(() => runtime.pass(async () => (await negated()).keep()));
    await expect(kept.read()).rejects.toMatchObject(expired);
    await expect(kept.read()).rejects.toThrow("the generation that made it has ended");
    expect(runtime.keptBytes).toBe(0);
  });

  it("are gone when released, at once outside of the pass that made them", async () => {
    await runtime.generation(async () => {
      const kept = await runtime.pass(async () => (await negated()).keep());
      kept.release();
      await expect(kept.read()).rejects.toThrow("it was released");
      kept.release();
      await runtime.pass(async () => {
        const fresh = (await negated()).keep();
        fresh.release();
        expect((await fresh.read()).data).toEqual(new Float32Array(4).fill(-1));
      });
    });
  });

  it("stay until every plugin that kept them has released them", async () => {
    await runtime.generation(async () => {
      const kept = await runtime.pass(async () => (await negated()).keep().keep());
      kept.release();
      expect((await kept.read()).data[0]).toBe(-1);
      expect(runtime.keptBytes).toBe(16);
      kept.release();
      await expect(kept.read()).rejects.toMatchObject(expired);
      expect(runtime.keptBytes).toBe(0);
    });
  });

  it("are counted, each once, and at their peak", async () => {
    await runtime.generation(async () => {
      const first = await runtime.pass(async () => runtime.upload(ones, { keep: true }));
      await runtime.pass(async () => {
        runtime.upload(ones);
        expect(runtime.keptBytes).toBe(16);
        runtime.upload(floats([100]), { keep: true });
        expect(runtime.keptBytes).toBe(416);
      });
      first.release();
      expect([runtime.keptBytes, runtime.peakKeptBytes]).toEqual([400, 416]);
    });
    expect([runtime.keptBytes, runtime.peakKeptBytes]).toEqual([0, 416]);
    await runtime.generation(async () => expect(runtime.peakKeptBytes).toBe(0));
  });
});

describe("generations", () => {
  it("wait their turn, also behind one that fails", async () => {
    const events: string[] = [];
    const generation = (name: string, fail = false): Promise<void> =>
      runtime.generation(async () => {
        events.push(`${name} starts`);
        await runtime.pass(() => negated());
        events.push(`${name} ends`);
        if (fail) throw new RangeError("planted");
      });
    const [a, b, c] = [generation("a"), generation("b", true), generation("c")];
    await expect(b).rejects.toThrow("planted");
    await Promise.all([a, c]);
    expect(events).toEqual(["a starts", "a ends", "b starts", "b ends", "c starts", "c ends"]);
  });

  it("inside one another run at once, with a lifetime of their own", async () => {
    await runtime.generation(async () => {
      const outer = runtime.upload(ones);
      const inner = await runtime.generation(async () => runtime.upload(ones).keep());
      await expect(inner.read()).rejects.toMatchObject(expired);
      expect((await outer.read()).data).toEqual(ones.data);
    });
  });
});

describe("throwIfAborted", () => {
  it("throws once the signal is aborted, with its reason", () => {
    const abort = new AbortController();
    throwIfAborted(undefined);
    throwIfAborted(abort.signal);
    const reason = new RangeError("the user pressed stop");
    abort.abort(reason);
    expect(() => throwIfAborted(abort.signal)).toThrow(
      expect.objectContaining({
        code: "SKIPSTEP_CANCELLED",
        message: "Cancelled: the user pressed stop",
        cause: reason,
      }),
    );
  });
});

function gate(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
