/** Values of pixels, in the type that they have. */
export type PixelData = Uint8Array | Uint16Array | Int16Array | Float32Array;

/** A decoded image, row by row, EXIF orientation applied; plain memory, no tensor. Its depth is that of `data`. */
export interface Pixels {
  /** [height * width * channels], any number of channels. */
  readonly data: PixelData;
  readonly width: number;
  readonly height: number;
  /** Distance between rows and between columns, millimetres; absent: the file does not say. */
  readonly spacing?: readonly [rows: number, columns: number];
  /** Distance to the next slice of its case, millimetres; absent: it is no slice, or the file does not say. */
  readonly sliceSpacing?: number;
  /** Statistics of the case that the image is a slice of, or of the image itself. Absent where no rule of intensity asks for them. */
  readonly statistics?: CaseStatistics;
}

/** An image for the eye: 8-bit RGB. */
export interface RgbPixels extends Pixels {
  /** [height * width * 3]. */
  readonly data: Uint8Array;
}

/** The values of a case, of all of its slices together. */
export interface CaseStatistics {
  readonly channels: readonly ChannelStatistics[];
  /** Share of the case inside the bounding box of what is not zero in every channel, 0..1. */
  readonly cropped: number;
}

export interface ChannelStatistics {
  readonly least: number;
  readonly most: number;
  readonly mean: number;
  readonly std: number;
  /** Percentiles 0.5 and 99.5. */
  readonly low: number;
  readonly high: number;
  /** Mean and deviation of the values that are not zero; of all values where every one is zero. */
  readonly nonZero: { readonly mean: number; readonly std: number };
}

/** One class of a data set. Its position in `LabelMap.classes` is the contiguous index networks use. */
export interface LabelMap {
  /** `id` is the data set's own (COCO ids have gaps); `name` is unique. Of boxes none is a background. */
  readonly classes: readonly {
    readonly id: number;
    readonly name: string;
    /** True: sky, grass and the like, which has no objects to be told apart; such classes come last. */
    readonly isStuff?: true | undefined;
    /** True of all or none: a pixel may be of several classes at once, each a bit of its value, see `datasets/overlap.ts`. */
    readonly overlaps?: true | undefined;
  }[];
}

/** Classes that have objects; they come before those that have none. */
export const countThings = ({ classes }: LabelMap): number => classes.filter(({ isStuff }) => !isStuff).length;

/** Objects of one image. The only box format inside: x1 y1 x2 y2, pixels, x right, y down, x2 and y2 exclusive. */
export interface ObjectsTruth {
  /** [M, 4] float64 on file precision. */
  readonly boxes: Float64Array;
  /** [M] contiguous class index. */
  readonly labels: Int32Array;
  /** [M] 1: a crowd region (COCO iscrowd) or a VOC `difficult` object: not trained on, ignored by evaluation. */
  readonly ignored: Uint8Array;
  /** [M] object area in square pixels as the file states it (COCO `area`), else that of the box. */
  readonly areas: Float64Array;
}

/** Boxes alone. */
export interface DetectionTruth extends ObjectsTruth {
  readonly kind: 'boxes';
}

/** The pixels of an object: a part of the image that holds all of them, row by row. */
export interface MaskPatch {
  /** First column and row, pixels. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** [height * width] 1: the object. */
  readonly data: Uint8Array;
}

/** Objects of one image with their pixels; objects may overlap. */
export interface InstanceTruth extends ObjectsTruth {
  readonly kind: 'instances';
  /** [M]; that of an ignored object may be its box. */
  readonly masks: readonly MaskPatch[];
}

/** The objects of a truth, stored or read, whether they have masks or not; null: it has none. */
export const objectsOf = (truth: unknown): ObjectsTruth | null =>
  typeof truth === 'object' && truth !== null && 'boxes' in truth && 'labels' in truth ? (truth as ObjectsTruth) : null;

/** The objects of a truth of boxes alone; null: it is another one. */
export const boxesOf = (truth: unknown): DetectionTruth | null =>
  objectsOf(truth) !== null && Reflect.get(truth as object, 'kind') === 'boxes' ? (truth as DetectionTruth) : null;

/** The class of every pixel; null: it is another truth. */
export const classMapOf = (truth: Truth): SemanticTruth | null => (truth.kind === 'classMap' ? truth : null);

/** The classes of a whole image; null: it is another truth. */
export const labelsOf = (truth: unknown): LabelTruth | null =>
  typeof truth === 'object' && truth !== null && Reflect.get(truth, 'kind') === 'labels' ? (truth as LabelTruth) : null;

/** Class index of every pixel. */
export interface SemanticTruth {
  readonly kind: 'classMap';
  /** [height * width] class index; IGNORED pixels are outside loss and metrics. */
  readonly mask: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** True: values are sets of classes, bit k of which is class k. */
  readonly overlaps?: true;
}

export const IGNORED = 255;

/** Objects with their pixels, and the class of every pixel, those of the objects included. */
export interface PanopticTruth extends Omit<InstanceTruth, 'kind'>, Omit<SemanticTruth, 'kind'> {
  readonly kind: 'panoptic';
}

/** What an image shows as a whole. */
export interface LabelTruth {
  readonly kind: 'labels';
  /** Contiguous class indices, ascending, each once; where classes exclude each other exactly one, unless images were mixed. */
  readonly labels: Int32Array;
  /** Share of each label in mixed images, 0..1. Defaults to 1 for each. */
  readonly shares?: Float32Array;
}

export type Truth = DetectionTruth | InstanceTruth | SemanticTruth | LabelTruth | PanopticTruth;

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

/** What a classifier answers for one image. */
export interface ClassScores {
  /** [K] probability of each class, in [0, 1]. */
  readonly probabilities: Float32Array;
  /** True: one class is right, and the probabilities add up to 1. False: each class is there or not, by itself. */
  readonly isExclusive: boolean;
}

/** A mask in COCO's run lengths, column by column, packed as text. */
export interface PackedMask {
  readonly size: readonly [height: number, width: number];
  readonly counts: string;
}

/** What an instance segmenter answers for one image: detections with a mask of the original image's size each. */
export interface Instances extends Detections {
  /** [D]. */
  readonly masks: readonly PackedMask[];
}

/** What a panoptic segmenter answers for one image: no pixel belongs to two. */
export interface Panoptic {
  /** Objects whose masks do not overlap. */
  readonly things: Instances;
  /** Class of the pixels that no object has; IGNORED where it is not known. */
  readonly stuff: ClassMap;
}

/** What a semantic segmenter answers for one image: class index per original pixel. */
export interface ClassMap {
  readonly mask: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** [height * width * classes] in 0..1; absent unless asked for. */
  readonly classProbabilities?: Float32Array;
  /** True: values are sets of classes, bit k of which is class k. */
  readonly overlaps?: true;
}
