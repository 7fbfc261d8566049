/** What a report says of other requests in the same batch. @param requests all of them */
export function drawnTogether(requests: number): string[] {
  if (requests < 2) return [];
  return [
    `Drawn in one batch with ${requests - 1} other ${requests === 2 ? "request" : "requests"}: seconds, FLOPs, copies and kept bytes are of all of them.`,
  ];
}
