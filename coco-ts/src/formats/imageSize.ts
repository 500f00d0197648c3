import { valueAt } from '../checked.js';
import { CocoError } from '../errors.js';
import { shown } from '../shown.js';

/** Width and height from the head of a PNG, GIF, BMP or JPEG file. @throws CocoError on another kind or a broken head */
export function imageSize(bytes: Uint8Array, name: string): { width: number; height: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = bytes.length >= 26 ? view.getUint32(0) : 0;
  if (head === 0x89504e47) return { width: view.getUint32(16), height: view.getUint32(20) };
  if (head === 0x47494638) return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  if (head >>> 16 === 0x424d) return { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
  if (head >>> 16 === 0xffd8) {
    for (let p = 2; p + 9 < bytes.length; ) {
      const marker = valueAt(bytes, p + 1);
      if (bytes[p] !== 0xff) break;
      if (marker === 0xff) p++;
      // Frame headers are C0..CF but for DHT, JPG and DAC.
      else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
        return { width: view.getUint16(p + 7), height: view.getUint16(p + 5) };
      } else p += 2 + view.getUint16(p + 2);
    }
  }
  throw new CocoError(`${shown(name)}: no PNG, GIF, BMP or JPEG whose size could be read`, 'ValueError');
}
