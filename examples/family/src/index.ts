export { Ddpm } from "./ddpm";
export { type UNet2DConfig, unet2D } from "./unet-2d";
