/** Short names of the plugins that Skipstep publishes, for errors: core needs none of them. */
export const publishedPlugins: readonly string[] = [
  "adacache",
  "bnb",
  "cache-dit",
  "channels-last",
  "deepcache",
  "easycache",
  "fbcache",
  "fora",
  "gguf",
  "guidance",
  "magcache",
  "seacache",
  "svdquant",
  "teacache",
  "tome",
  "xformers",
];
