/** @type {import("next").NextConfig} */
export default {
  serverExternalPackages: ["@skipstep/core"],
  // For a server without node_modules, as in a container: what is read while it runs has to be told.
  output: "standalone",
  outputFileTracingIncludes: {
    "/draw": [
      "./skipstep.json",
      "./node_modules/@skipstep/*/**",
      "./node_modules/@huggingface/{jinja,tokenizers}/**",
      "./node_modules/onnxruntime-common/**",
      "./node_modules/onnxruntime-node/{package.json,dist/**,bin/napi-v6/linux/x64/*}",
    ],
  },
};
