import { existsSync } from "node:fs";
import type { ConfigInput } from "@skipstep/core";
import { Runtime } from "@skipstep/core/model";

/** The provider that golden cases run on: `SKIPSTEP_TEST_DEVICE` of the environment. */
export const device = process.env.SKIPSTEP_TEST_DEVICE ?? "cpu";

export const onDevice: Pick<ConfigInput, "device"> = device === "cpu" ? {} : { device };

/** Elsewhere some nodes of plugins that work on whole numbers run on the CPU. */
export const strict = device === "cpu";

/** How long a test may take: a software driver is 20 to 50 times slower than the CPU provider. */
export const timeout = device === "cpu" ? undefined : 3_600_000;

/** Where Chromium's packages put SwiftShader, a Vulkan driver that needs no graphics card. */
const swiftShaders = ["/usr/lib/chromium", "/usr/lib/chromium-browser", "/usr/lib64/chromium-browser"].map(
  (folder) => `${folder}/vk_swiftshader_icd.json`,
);

/** What a driver was found to be. */
export interface Driver {
  /** As the test's output names it. */
  readonly name: string;
  readonly works: boolean;
}

/**
 * Looks for a Vulkan driver and tries it. SwiftShader comes first, so that all machines test the same; `VK_DRIVER_FILES`
 * or `VK_ICD_FILENAMES` say another. Other systems than Linux have their own.
 */
export async function findDriver(): Promise<Driver> {
  const said = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
  const swiftShader = process.platform === "linux" ? swiftShaders.find((file) => existsSync(file)) : undefined;
  if (said === undefined && swiftShader !== undefined) process.env.VK_ICD_FILENAMES = swiftShader;
  const name = said ?? swiftShader ?? "the system's own driver";
  try {
    // Until the process ends: compiled kernels are most of a small model's time on a software driver.
    await (await Runtime.start({ provider: device })).hold(device);
    return { name, works: true };
  } catch (error) {
    return { name: `none (${error instanceof Error ? error.message : error})`, works: false };
  }
}
