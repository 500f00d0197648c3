/** Any channel count to RGB: grey is repeated, a fourth channel dropped. */
export function toRgb(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const count = data.length / channels;
  const pixels = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) pixels[i * 3 + c] = data[i * channels + (channels < 3 ? 0 : c)] as number;
  }
  return pixels;
}

/** Ink is subtracted without a profile: R = (255 - C)(255 - K) / 255. */
export function inkToRgb(data: Uint8Array, channels: number): Uint8Array {
  const pixels = new Uint8Array((data.length / channels) * 3);
  for (let from = 0, to = 0; to < pixels.length; from += channels, to += 3) {
    const light = 255 - (data[from + 3] as number);
    for (let c = 0; c < 3; c++) pixels[to + c] = Math.round(((255 - (data[from + c] as number)) * light) / 255);
  }
  return pixels;
}
