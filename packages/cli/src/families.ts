import { type FamilyFacts, listFamilies } from "@skipstep/core";
import { columns } from "./columns";
import { folderOf } from "./folder";
import type { Session } from "./session";

/** `skipstep families`: what may be drawn with, and what works with each. */
export async function families(
  place: string | undefined,
  { json }: { readonly json?: true },
  { terminal }: Session,
): Promise<void> {
  const document = await listFamilies(folderOf(place));
  terminal.show({ document, lines: columns(document.map(cells)) }, json);
}

function cells(family: FamilyFacts): string[] {
  return [family.title, family.className, abilities(family).join(", "), family.plugins.join(", ")];
}

/** What a model does beside drawing from a prompt. */
export function abilities({ settings, references, singleFiles, needsMask }: FamilyFacts): string[] {
  const takes = (name: string): boolean => settings.includes(name);
  return [
    ...(singleFiles ? ["single files"] : []),
    ...(takes("image") && takes("strength") && references === 0 && !needsMask ? ["image to image"] : []),
    ...(takes("mask") ? [needsMask ? "inpainting alone" : "inpainting"] : []),
    ...(references > 0 ? [`up to ${references} reference ${references === 1 ? "image" : "images"}`] : []),
    ...(takes("control_image") ? ["ControlNet"] : []),
  ];
}
