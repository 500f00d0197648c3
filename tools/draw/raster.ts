import { createRequire } from 'node:module';
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import { ConfigError } from '../../engine/errors.js';
import { readRegular } from '../../engine/files/read.js';
import { built } from '../built.js';

const MOST_BYTES = 2 ** 25;
const bytesOf = (file: string): Uint8Array =>
  readRegular(file, { maxBytes: MOST_BYTES, refuse: (problem) => new ConfigError(`${file}: ${problem}`) });

/** Noto Sans, copied there by tools/build.mjs: drawings look the same on every machine. */
const FONT = bytesOf(built('fonts/NotoSans-Regular.ttf'));
const OPTIONS = { font: { fontBuffers: [FONT], defaultFontFamily: 'Noto Sans', sansSerifFamily: 'Noto Sans' } };

await initWasm(bytesOf(createRequire(import.meta.url).resolve('@resvg/resvg-wasm/index_bg.wasm')));

/** A drawing: RGBA, premultiplied by its opacity. */
export interface Raster {
  /** [height * width * 4]. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** An SVG as pixels, anti-aliased, at its own size. */
export function rasterise(svg: string): Raster {
  return rendered(svg, (image) => ({ data: image.pixels.slice(), width: image.width, height: image.height }));
}

/** An SVG as a PNG file. @param zoom pixels per unit. Defaults to 2, for screens with small pixels */
export const pngOf = (svg: string, zoom = 2): Uint8Array => rendered(svg, (image) => image.asPng().slice(), zoom);

type Rendered = ReturnType<InstanceType<typeof Resvg>['render']>;

function rendered<T>(svg: string, take: (image: Rendered) => T, zoom = 1): T {
  const drawing = new Resvg(svg, { ...OPTIONS, fitTo: { mode: 'zoom', value: zoom } });
  const image = drawing.render();
  try {
    return take(image);
  } finally {
    image.free();
    drawing.free();
  }
}

/** Pixels that a line of text takes from its beginning to its end. @param size of the font, pixels */
export function textWidth(text: string, size: number): number {
  const drawing = new Resvg(textSvg(text, size, 8 * size * (text.length + 1)), OPTIONS);
  const box = drawing.getBBox();
  const width = box ? Math.ceil(box.x + box.width) : 0;
  box?.free();
  drawing.free();
  return width;
}

const textSvg = (text: string, size: number, width: number): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${2 * size}"><text y="${size}" font-family="Noto Sans" font-size="${size}">${escapeXml(text)}</text></svg>`;

const ESCAPES: { readonly [mark: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** A text as a part of an XML file, without what XML has no place for. */
export const escapeXml = (text: string): string =>
  text
    .replaceAll(/[&<>"]/g, (mark) => ESCAPES[mark] ?? mark)
    .replaceAll(/[^\P{Cc}\n]|\p{Cs}|[\ufffe\uffff]/gu, '\ufffd');
