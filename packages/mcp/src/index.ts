/** Skipstep's image server as tools of the Model Context Protocol. `skipstep mcp` and `/mcp` of `skipstep serve` are made of it. */
export type { Ask } from "./ask";
export { type McpHttp, openMcpHttp } from "./http";
export { openMcpStdio, type StdioOptions } from "./stdio";
