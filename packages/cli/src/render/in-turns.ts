import type { Contender } from "./contender";
import type { Drawing } from "./drawing";
import type { Motif } from "./motif";

/**
 * Draws every motif with every contender, by turns, so that whatever else the machine does slows all of them down.
 * Who begins changes from motif to motif.
 *
 * @param part how far the command is, for its progress
 * @returns drawings by motif, and of each in the contenders' order
 */
export async function drawInTurns(
  contenders: readonly Contender[],
  motifs: readonly Motif[],
  part = "",
): Promise<(readonly Drawing[])[]> {
  const count = contenders.length * motifs.length;
  const rounds: (readonly Drawing[])[] = [];
  for (const [turn, motif] of motifs.entries()) {
    const round = new Array<Drawing>(contenders.length);
    const order = [...contenders.keys()];
    for (const [i, own] of (turn % 2 === 0 ? order : order.reverse()).entries())
      round[own] = await contenders[own]!.draw(motif, `${part} ${turn * contenders.length + i + 1}/${count}`.trim());
    rounds.push(round);
  }
  return rounds;
}
