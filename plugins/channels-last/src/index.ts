export { ChannelsLast } from "./channels-last";
export type { ChannelsLastOptions } from "./options";
