import { mask as masks } from '#coco-ts';
import { drawRegions } from '../regions.js';
import { IGNORED } from '../sample.js';
import { boxAround, polygonArea } from './outline.js';
import { type Cell, HEIGHT, KINDS, type Scene, WIDTH } from './scene.js';

/** COCO category ids, with gaps as the real ones have. */
export const CATEGORY_IDS = [2, 5, 9] as const;

/** The cells of one image as COCO annotations; ids count from `firstId`. */
export function cocoAnnotations({ cells }: Scene, imageId: number, firstId: number): readonly object[] {
  return cells.map((cell, i) => {
    const [x1, y1, x2, y2] = boxAround(cell.polygons);
    const rle = cell.crowd ? masks.merge(masks.frPoly(cell.polygons, HEIGHT, WIDTH)) : null;
    const area = rle === null ? polygonArea(cell.polygons.flat()) : masks.area(rle);
    return {
      id: firstId + i,
      image_id: imageId,
      category_id: CATEGORY_IDS[cell.kind],
      bbox: [x1, y1, x2 - x1, y2 - y1].map(hundredths),
      area: hundredths(area),
      iscrowd: cell.crowd ? 1 : 0,
      segmentation: rle ?? cell.polygons,
    };
  });
}

/** The same as a PASCAL VOC annotation: whole pixels, 1-based, inclusive; the crowd is `difficult`. */
export function vocAnnotation({ cells }: Scene, file: string): string {
  const objects = cells.map(({ kind, polygons, crowd }) => {
    const [x1, y1, x2, y2] = boxAround(polygons);
    const corners = { xmin: Math.floor(x1) + 1, ymin: Math.floor(y1) + 1, xmax: Math.ceil(x2), ymax: Math.ceil(y2) };
    const box = Object.entries(corners).map(([corner, value]) => `      <${corner}>${value}</${corner}>\n`);
    const cut = x1 <= 0 || y1 <= 0 || x2 >= WIDTH || y2 >= HEIGHT;
    return (
      `  <object>\n    <name>${KINDS[kind]?.name}</name>\n    <pose>Unspecified</pose>\n` +
      `    <truncated>${Number(cut)}</truncated>\n    <difficult>${Number(crowd)}</difficult>\n` +
      `    <bndbox>\n${box.join('')}    </bndbox>\n  </object>\n`
    );
  });
  return (
    `<annotation>\n  <folder>JPEGImages</folder>\n  <filename>${file}</filename>\n` +
    `  <size>\n    <width>${WIDTH}</width>\n    <height>${HEIGHT}</height>\n    <depth>3</depth>\n  </size>\n` +
    `  <segmented>1</segmented>\n${objects.join('')}</annotation>\n`
  );
}

/** Class map, 0 = background, kinds from 1; IGNORED where two cells touch. */
export function classMapOf({ cells }: Scene): Uint8Array {
  const draw = (labelOf: (cell: Cell, index: number) => number): Uint8Array => {
    const regions = cells.map((cell, i) => ({ label: labelOf(cell, i), segmentation: cell.polygons }));
    return drawRegions({ kind: 'regions', uncovered: 0, regions }, WIDTH, HEIGHT, 'sample');
  };
  const classes = draw(({ kind }) => kind + 1);
  const instances = draw((_, i) => i + 1);
  return classes.map((index, at) => (touchesAnother(instances, at) ? IGNORED : index));
}

/** Whether the pixel right of or below this one belongs to another cell. */
function touchesAnother(instances: Uint8Array, at: number): boolean {
  const here = instances[at] as number;
  if (here === 0) return false;
  const right = at % WIDTH < WIDTH - 1 ? (instances[at + 1] as number) : here;
  const below = at + WIDTH < instances.length ? (instances[at + WIDTH] as number) : here;
  return (right !== 0 && right !== here) || (below !== 0 && below !== here);
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
