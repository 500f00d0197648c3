import type { DataSet } from 'dicom-parser';
import type { PixelData } from '../sample.js';
import type { Layout } from './dicomPixels.js';

/** Palettes and YBR as RGB, what is brightest at 0 turned. */
export function coloured(
  data: DataSet,
  values: PixelData,
  layout: Layout,
): { readonly values: PixelData; readonly channels: number } {
  const { photometric, samples, stored, isSigned, packing } = layout;
  if (photometric === 'PALETTE COLOR') return { values: paletteOf(data, values), channels: 3 };
  // JPEG's colours were turned where it was decoded.
  if (photometric.startsWith('YBR_FULL') && samples === 3 && packing !== 'jpeg') {
    if (photometric === 'YBR_FULL_422')
      throw new Error('its colours are subsampled (YBR_FULL_422), which is not read: save it as RGB');
    return { values: fromYbr(values), channels: 3 };
  }
  if (photometric === 'MONOCHROME1') {
    const top = isSigned ? -1 : 2 ** stored - 1;
    for (let i = 0; i < values.length; i++) values[i] = top - (values[i] as number);
  }
  return { values, channels: samples };
}

/** @source DICOM PS3.3 C.7.6.3.1.2 */
function fromYbr(values: PixelData): PixelData {
  const into = new Uint8Array(values.length);
  const byte = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));
  for (let i = 0; i + 2 < values.length; i += 3) {
    const [y, b, r] = [values[i] as number, (values[i + 1] as number) - 128, (values[i + 2] as number) - 128];
    into[i] = byte(y + 1.402 * r);
    into[i + 1] = byte(y - 0.344136 * b - 0.714136 * r);
    into[i + 2] = byte(y + 1.772 * b);
  }
  return into;
}

/** @source DICOM PS3.3 C.7.6.3.1.5 and .6 */
function paletteOf(data: DataSet, values: PixelData): PixelData {
  const tables = ['x00281201', 'x00281202', 'x00281203'].map((tag, i) => {
    const described = `x0028110${i + 1}`;
    const [count = 0, first = 0, bits = 16] = [0, 1, 2].map((at) => data.uint16(described, at));
    const element = data.elements[tag];
    const entries = count === 0 ? 65_536 : count;
    if (element === undefined || element.length < (bits === 8 ? entries : 2 * entries))
      throw new Error('its palette is not whole');
    const at = (index: number): number =>
      bits === 8 && element.length < 2 * entries
        ? data.byteArray[element.dataOffset + index]!
        : (data.uint16(tag, index) ?? 0);
    return { first, entries, at };
  });
  const into = new Uint16Array(values.length * 3);
  for (let i = 0; i < values.length; i++) {
    for (let c = 0; c < 3; c++) {
      const { first, entries, at } = tables[c] as (typeof tables)[number];
      into[i * 3 + c] = at(Math.min(entries - 1, Math.max(0, (values[i] as number) - first)));
    }
  }
  return into;
}
