/** Grey of the pixel at `at`, 0..255, ITU-R 601-2. @source Pillow's convert('L'), in 16 bits of fraction */
export const luma = (pixels: Uint8Array, at: number): number =>
  ((pixels[at] as number) * 19595 + (pixels[at + 1] as number) * 38470 + (pixels[at + 2] as number) * 7471 + 0x8000) >>
  16;
