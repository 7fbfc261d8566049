export { FirstBlockCache, type FirstBlockCacheOptions } from "./first-block-cache";
