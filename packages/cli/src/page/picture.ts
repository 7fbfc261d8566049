import type { Image } from "@skipstep/core";
import { type Html, html } from "./html";

/** An image as the address of an `img`, with every pixel as it is. */
export async function pictureAddress(image: Pick<Image, "toPng">): Promise<string> {
  return addressOf("image/png", await image.toPng());
}

/** The same in about a tenth of the bytes, for pages with many images. */
export async function smallAddress(image: Pick<Image, "toWebp">): Promise<string> {
  return addressOf("image/webp", await image.toWebp({ recipe: false, quality: 85 }));
}

export function addressOf(type: string, content: Uint8Array): string {
  return `data:${type};base64,${Buffer.from(content).toString("base64")}`;
}

/** Pixels: smaller images are shown as large as this. */
const leastWidth = 256;

export interface Framed {
  readonly address: string;
  readonly width: number;
  readonly height: number;
  readonly alt: string;
}

/** An image that the page's controls enlarge within its frame. @param kind `picture`, `difference` */
export function frame({ address, width, height, alt }: Framed, kind: string): Html {
  return html`<div class="frame ${kind}" style="width:${Math.max(leastWidth, width)}px"><img src="${address}" width="${width}" height="${height}" alt="${alt}"></div>`;
}
