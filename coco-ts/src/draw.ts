import type { Annotations, Category, Id, KeypointAnnotation, Kind } from './annotation.js';
import type { COCO } from './coco.js';
import { mulberry32 } from './edit.js';
import { CocoError } from './errors.js';

/** Red, green, blue, 0 to 1. */
export type Color = readonly [number, number, number];

/** One step of a drawing, in pixels of the image; later ones lie on top. */
export type DrawCommand =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'polygon';
      /** x0, y0, x1, y1, ... */
      readonly points: readonly number[];
      readonly color: Color;
      /** Opacity of the inside; 0 for an outline alone. */
      readonly fill: number;
      /** Width of the outline; 0 for none. */
      readonly line: number;
    }
  | {
      readonly kind: 'mask';
      /** Column-major, 1 where the object is. */
      readonly data: Uint8Array;
      readonly height: number;
      readonly width: number;
      readonly color: Color;
      readonly fill: number;
    }
  | { readonly kind: 'line'; readonly points: readonly number[]; readonly color: Color; readonly line: number }
  | {
      readonly kind: 'point';
      readonly x: number;
      readonly y: number;
      readonly radius: number;
      readonly color: Color;
      readonly edge: Color;
    };

/** How `showAnns` draws. */
export interface ShowOptions {
  /** Also the boxes. Default false. */
  readonly drawBbox?: boolean;
  /** Seed of the colours. Defaults to 0. */
  readonly seed?: number;
}

/** Crowds have one colour. */
const CROWD: Color = [2 / 255, 166 / 255, 101 / 255];
const BLACK: Color = [0, 0, 0];
const [FILL, MASK_FILL, LINE, BONE, RADIUS] = [0.4, 0.5, 2, 3, 4];

/**
 * What pycocotools' showAnns draws: masks, above them filled polygons and (on request) boxes, their outlines, skeletons and labelled
 * points; captions as text.
 * @throws CocoError when the first record is neither an object nor a caption
 */
export function showCommands<K extends Kind>(
  coco: COCO<K>,
  anns: readonly Annotations[K][],
  { drawBbox = false, seed = 0 }: ShowOptions = {},
): DrawCommand[] {
  const [first] = anns;
  if (first === undefined) return [];
  if ('segmentation' in first || 'keypoints' in first) {
    const random = mulberry32(seed);
    const shade = (): number => random() * 0.6 + 0.4;
    const drawn = (anns as readonly KeypointAnnotation[]).map((ann) =>
      showObject(coco as unknown as COCO, ann, [shade(), shade(), shade()], drawBbox),
    );
    return [
      ...drawn.flatMap(({ masks }) => masks),
      ...drawn.flatMap(({ patches }) => patches.map((patch) => ({ ...patch, line: 0 }))),
      ...drawn.flatMap(({ patches }) => patches.map((patch) => ({ ...patch, fill: 0 }))),
      ...drawn.flatMap(({ marks }) => marks),
    ];
  }
  if (!('caption' in first))
    throw new CocoError('only annotations with a segmentation, keypoints or a caption can be drawn', 'Exception');
  return anns.map((ann): DrawCommand => ({ kind: 'text', text: String((ann as { caption?: unknown }).caption) }));
}

function showObject(coco: COCO, ann: KeypointAnnotation, color: Color, drawBbox: boolean) {
  const masks: DrawCommand[] = [];
  const patches: Patch[] = [];
  const { segmentation } = ann;
  if (Array.isArray(segmentation)) {
    for (const points of segmentation as readonly (readonly number[])[]) patches.push(patch(points, color));
  } else if (segmentation !== undefined) {
    const { data, height, width } = coco.annToMask(ann);
    masks.push({ kind: 'mask', data, height, width, color: ann.iscrowd ? CROWD : color, fill: MASK_FILL });
  }
  if (drawBbox && ann.bbox) {
    const [x, y, w, h] = ann.bbox as [number, number, number, number];
    patches.push(patch([x, y, x, y + h, x + w, y + h, x + w, y], color));
  }
  const marks = ann.keypoints ? showPoints(ann.keypoints, skeletonOf(coco.cats, ann.category_id), color) : [];
  return { masks, patches, marks };
}

type Patch = Extract<DrawCommand, { kind: 'polygon' }>;
const patch = (points: readonly number[], color: Color): Patch => {
  return { kind: 'polygon', points, color, fill: FILL, line: LINE };
};

const skeletonOf = (categories: ReadonlyMap<Id, Category>, id: Id): readonly (readonly number[])[] =>
  categories.get(id)?.skeleton ?? [];

/** Bones between points that are both labelled; hidden points have a black edge. */
function showPoints(points: readonly number[], skeleton: readonly (readonly number[])[], color: Color): DrawCommand[] {
  const at = (i: number) => ({ x: points[3 * i] ?? 0, y: points[3 * i + 1] ?? 0, seen: points[3 * i + 2] ?? 0 });
  // Skeletons count points from 1.
  const bones = skeleton.flatMap(([a, b]): DrawCommand[] => {
    const [from, to] = [at((a ?? 1) - 1), at((b ?? 1) - 1)];
    if (!(from.seen > 0 && to.seen > 0)) return [];
    return [{ kind: 'line', points: [from.x, from.y, to.x, to.y], color, line: BONE }];
  });
  const dots = Array.from({ length: Math.floor(points.length / 3) }, (_, i) => at(i)).flatMap(
    ({ x, y, seen }): DrawCommand[] =>
      seen > 0 ? [{ kind: 'point', x, y, radius: RADIUS, color, edge: seen > 1 ? color : BLACK }] : [],
  );
  return [...bones, ...dots];
}
