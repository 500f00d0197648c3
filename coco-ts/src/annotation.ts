import type { Rle, UncompressedRle } from './mask/runs.js';

/** Ids are numbers in COCO itself; other data sets name by strings, or by integers beyond 2^53, which are read as bigints. */
export type Id = number | string | bigint;

/** What a file describes. */
export type Kind = 'instances' | 'keypoints' | 'captions' | 'panoptic';

/** Polygons [x0, y0, x1, y1, ...] in pixels, or a run-length encoding. */
export type Segmentation = readonly (readonly number[])[] | Rle | UncompressedRle;

/** One image; sizes in pixels, which polygons need. */
export interface ImageInfo {
  id: Id;
  width?: number;
  height?: number;
  file_name?: string;
  [key: string]: unknown;
}

/** One class. Keypoint categories name their points, and from 1 on the pairs that a skeleton joins. */
export interface Category {
  id: Id;
  name?: string;
  supercategory?: string;
  keypoints?: string[];
  skeleton?: number[][];
  isthing?: number;
  [key: string]: unknown;
}

interface Shared {
  id: Id;
  image_id: Id;
  [key: string]: unknown;
}

/** An object of a picture: truth (iscrowd, area) or detection (score). */
export interface InstanceAnnotation extends Shared {
  category_id: Id;
  /** x, y, width, height in pixels. */
  bbox?: number[];
  segmentation?: Segmentation;
  /** Square pixels; decides the size range, so it need not be the area of the box. */
  area?: number;
  iscrowd?: number;
  score?: number;
}

/** An object with x, y, visibility of every point (0 not labelled, 1 hidden, 2 visible), pixels. */
export interface KeypointAnnotation extends InstanceAnnotation {
  /** x, y, visibility per point. */
  keypoints?: number[];
  num_keypoints?: number;
}

/** A caption of an image. */
export interface CaptionAnnotation extends Shared {
  caption: string;
}

/** All segments of an image; their pixels are in a PNG of their own. */
export interface PanopticAnnotation extends Shared {
  file_name: string;
  segments_info: { id: Id; category_id: Id; area?: number; bbox?: number[]; iscrowd?: number }[];
}

/** The annotation record of each kind of file. */
export interface Annotations {
  instances: InstanceAnnotation;
  keypoints: KeypointAnnotation;
  captions: CaptionAnnotation;
  panoptic: PanopticAnnotation;
}

/** A COCO file. Every list may be missing. */
export interface Dataset<K extends Kind = 'instances'> {
  info?: Record<string, unknown>;
  licenses?: unknown[];
  images?: ImageInfo[];
  annotations?: Annotations[K][];
  categories?: Category[];
  [key: string]: unknown;
}
