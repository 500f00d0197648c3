/** A decoded image: 8-bit RGB, row by row, EXIF orientation applied; plain memory, no tensor. */
export interface Pixels {
  /** [height * width * 3]. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** One class of a data set. Its position in `LabelMap.classes` is the contiguous index networks use. */
export interface LabelMap {
  /** `id` is the data set's own (COCO ids have gaps); `name` is unique. Of boxes none is a background. */
  readonly classes: readonly { readonly id: number; readonly name: string }[];
}

/** Objects of one image. The only box format inside: x1 y1 x2 y2, pixels, x right, y down, x2 and y2 exclusive. */
export interface DetectionTruth {
  readonly kind: 'boxes';
  /** [M, 4] float64 on file precision. */
  readonly boxes: Float64Array;
  /** [M] contiguous class index. */
  readonly labels: Int32Array;
  /** [M] 1: a crowd region (COCO iscrowd) or a VOC `difficult` object: not trained on, ignored by evaluation. */
  readonly ignored: Uint8Array;
  /** [M] object area in square pixels as the file states it (COCO `area`), else that of the box. */
  readonly areas: Float64Array;
}

/** The objects of a truth, stored or read; null: it is another one. */
export const boxesOf = (truth: unknown): DetectionTruth | null =>
  typeof truth === 'object' && truth !== null && Reflect.get(truth, 'kind') === 'boxes'
    ? (truth as DetectionTruth)
    : null;

/** Class index of every pixel. */
export interface SemanticTruth {
  readonly kind: 'classMap';
  /** [height * width] class index; IGNORED pixels are outside loss and metrics. */
  readonly mask: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export const IGNORED = 255;

export type Truth = DetectionTruth | SemanticTruth;

export interface Sample<T extends Truth = Truth> {
  /** File name relative to the data root, forward slashes; unique in a data set. */
  readonly id: string;
  readonly image: Pixels;
  readonly truth: T;
}

/** What a detector answers for one image, best score first; boxes in pixels of the original image. */
export interface Detections {
  /** [D, 4] x1 y1 x2 y2. */
  readonly boxes: Float32Array;
  /** [D] contiguous class index. */
  readonly labels: Int32Array;
  /** [D] in [0, 1]. */
  readonly scores: Float32Array;
}

/** What a semantic segmenter answers for one image: class index per original pixel. */
export interface ClassMap {
  readonly mask: Uint8Array;
  readonly width: number;
  readonly height: number;
}
