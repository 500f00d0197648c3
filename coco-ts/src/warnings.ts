import type { Dataset, ImageInfo } from './annotation.js';

/** Something in a file that breaks no rule of the format but that who uses it should know; one for each rule. */
export interface Warning {
  readonly list: 'images' | 'annotations' | 'categories';
  /** Position of the first record. */
  readonly index: number;
  /** How many records. */
  readonly count: number;
  readonly rule:
    | 'id-zero'
    | 'no-area'
    | 'no-iscrowd'
    | 'no-num-keypoints'
    | 'outside-image'
    | 'same-file-name'
    | 'same-category-name';
  readonly message: string;
}

/** Boxes of tools end a fraction of a pixel behind the image when they were rounded. */
const TOLERANCE = 0.5;

const TEXTS: Readonly<Record<Warning['rule'], string>> = {
  'id-zero': 'the id is 0: pycocotools counts what finds this annotation as false, number them from 1',
  'no-area': 'no area: an evaluation takes that of the segmentation, or else of the box',
  'no-iscrowd': 'no iscrowd: an evaluation takes 0',
  'no-num-keypoints': 'no num_keypoints: an evaluation counts the labelled points',
  'outside-image': 'the box goes beyond its image',
  'same-file-name': 'the file_name occurs before',
  'same-category-name': 'the name occurs before',
};

/** Lists what is worth knowing about a data set, by rule. */
export function listWarnings({ images, annotations, categories }: Dataset): Warning[] {
  const found = new Map<Warning['rule'], { list: Warning['list']; index: number; count: number }>();
  const add = (list: Warning['list'], index: number, rule: Warning['rule']): void => {
    const known = found.get(rule);
    if (known) known.count++;
    else found.set(rule, { list, index, count: 1 });
  };
  const repeated = (list: Warning['list'], values: readonly unknown[], rule: Warning['rule']): void => {
    const seen = new Set<unknown>();
    for (const [index, value] of values.entries()) {
      if (typeof value === 'string' && seen.has(value)) add(list, index, rule);
      seen.add(value);
    }
  };
  const pictures = records(images);
  repeated(
    'images',
    pictures.map(({ file_name }) => file_name),
    'same-file-name',
  );
  repeated(
    'categories',
    records(categories).map(({ name }) => name),
    'same-category-name',
  );
  const sizes = new Map(pictures.map((image) => [image.id, image]));
  for (const [index, ann] of records(annotations).entries()) {
    if (ann.id === 0) add('annotations', index, 'id-zero');
    if ('caption' in ann || 'segments_info' in ann) continue;
    if (isMissing(ann.area)) add('annotations', index, 'no-area');
    if (isMissing(ann.iscrowd)) add('annotations', index, 'no-iscrowd');
    if (!isMissing(ann.keypoints) && isMissing(ann.num_keypoints)) add('annotations', index, 'no-num-keypoints');
    if (isOutside(ann.bbox, sizes.get(ann.image_id))) add('annotations', index, 'outside-image');
  }
  return [...found].map(([rule, { list, index, count }]) => {
    const more = count > 1 ? ` and ${count - 1} more` : '';
    return { list, index, count, rule, message: `${list}[${index}]${more}: ${TEXTS[rule]}` };
  });
}

const isMissing = (value: unknown): boolean => value === undefined || value === null;

/** The records that are objects; in the place of others stands an empty one. */
const records = <T>(list: readonly T[] | undefined): readonly Partial<T>[] =>
  Array.isArray(list) ? list.map((item: T) => (typeof item === 'object' && item !== null ? item : {})) : [];

function isOutside(bbox: unknown, image: Partial<ImageInfo> | undefined): boolean {
  if (!Array.isArray(bbox) || image === undefined) return false;
  const [x, y, w, h] = bbox as [number, number, number, number];
  const { width = Number.POSITIVE_INFINITY, height = Number.POSITIVE_INFINITY } = image;
  return x < -TOLERANCE || y < -TOLERANCE || x + w > width + TOLERANCE || y + h > height + TOLERANCE;
}
