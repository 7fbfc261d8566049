import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";

/** What npm, and what install scripts of packages go by: onnxruntime-node's has a variable of its own. */
const variables = ["https_proxy", "HTTPS_PROXY", "npm_config_https_proxy", "GLOBAL_AGENT_HTTPS_PROXY"];

/**
 * Runs `body` with an environment in which HTTPS reaches the npm registry and no other host, as in many companies and
 * containers. Where this machine is behind a proxy already, that one is asked.
 * @param body is given the variables, and a list that is told of the hosts that were refused
 */
export async function behindRegistry(body) {
  const registry = new URL(
    execFileSync("npm", ["config", "get", "registry"], {
      encoding: "utf8",
      shell: process.platform === "win32",
    }).trim(),
  );
  const outer = process.env.https_proxy ?? process.env.HTTPS_PROXY;
  const refused = [];
  const proxy = createServer((_, response) => response.writeHead(403).end());
  proxy.on("connect", ({ url }, socket) => {
    const [host] = url.split(":");
    socket.on("error", () => socket.destroy());
    if (host === registry.hostname) return tunnel(url, socket, outer && new URL(outer));
    refused.push(host);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = `http://127.0.0.1:${proxy.address().port}`;
  try {
    return await body(Object.fromEntries(variables.map((name) => [name, address])), refused);
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
}

function tunnel(to, socket, outer) {
  const [host, port] = outer ? [outer.hostname, outer.port] : to.split(":");
  const there = connect(Number(port || 443), host, () => {
    if (outer) there.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n\r\n`);
    else socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    there.pipe(socket).pipe(there);
  });
  there.on("error", () => socket.destroy());
}
