/** What plugins call the tensors at the edges of a branch: an attention or a feed forward, up to its gate. */
export interface BranchEdges {
  readonly enters: string;
  readonly leaves: string;
}

/** Of the picture's tokens, or of all of a model's. */
export const imageEdges: BranchEdges = { enters: "modulated", leaves: "branch" };

/** Of the prompt's tokens, where they have weights of their own. */
export const textEdges: BranchEdges = { enters: "encoder_modulated", leaves: "encoder_branch" };
