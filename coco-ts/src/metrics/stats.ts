import type { Id } from '../annotation.js';
import type { COCO } from '../coco.js';
import { categoryName } from '../formats/record.js';

/** Counts that describe a data set. Sizes are COCO's: small below 32^2, large above 96^2 square pixels. */
export interface DatasetStats {
  readonly images: number;
  readonly imagesWithoutAnnotations: number;
  readonly annotations: number;
  readonly crowds: number;
  readonly small: number;
  readonly medium: number;
  readonly large: number;
  readonly categories: readonly {
    readonly id: Id;
    readonly name: string;
    readonly images: number;
    readonly annotations: number;
  }[];
}

/** Counts of images, annotations, crowds and sizes, in all and by category. */
export function datasetStats(coco: COCO): DatasetStats {
  const annotations = coco.dataset.annotations ?? [];
  const areas = annotations.map((ann) => ann.area ?? (ann.bbox?.[2] ?? 0) * (ann.bbox?.[3] ?? 0));
  const small = areas.filter((area) => area < 32 ** 2).length;
  const large = areas.filter((area) => area > 96 ** 2).length;
  return {
    images: coco.imgs.size,
    imagesWithoutAnnotations: [...coco.imgs.keys()].filter((id) => !coco.imgToAnns.has(id)).length,
    annotations: annotations.length,
    crowds: annotations.filter((ann) => ann.iscrowd).length,
    small,
    medium: areas.length - small - large,
    large,
    categories: [...coco.cats].map(([id, category]) => {
      const images = coco.catToImgs.get(id) ?? [];
      return { id, name: categoryName(category), images: new Set(images).size, annotations: images.length };
    }),
  };
}
