/** What a model is told when a tool fails: a code of docs/errors.md or of the server's API, and the argument that is wrong. */
export class ToolError extends Error {
  override readonly name = "ToolError";

  constructor(
    readonly code: string,
    message: string,
    readonly param: string | null = null,
  ) {
    super(message);
  }
}
