import type { ValueCounts } from './classMap.js';
import type { IntensityRule } from './intensityRule.js';
import type { SliceSource } from './medical/slices.js';
import type { PixelType } from './pixelTypes.js';
import type { LabelMap, Sample, Truth } from './sample.js';

/**
 * One image of a data set as plain data: what a worker needs to read it, and nothing else. Structured-cloneable.
 * `truth` is the truth itself for boxes, or where to read the class map from.
 */
export interface Entry<S = unknown> {
  readonly id: string;
  /** Absolute path of the image file, inside the data root. */
  readonly file: string;
  /** Pixels after EXIF orientation, when the annotation states them; else null until the file is read. */
  readonly width: number | null;
  readonly height: number | null;
  /** How the image is read in its own depth. Defaults to 8-bit RGB, for the eye. */
  readonly deep?: DeepSource;
  readonly truth: S;
}

/** Where the pixels of an entry are in its file. */
export type DeepSource = { readonly kind: 'file' } | SliceSource;

/** What the images of a data set are that keep their depth, and how their values are to be taken. */
export interface DeepImages {
  /** That holds the values of all of them. */
  readonly type: PixelType;
  readonly channels: number;
  readonly rule: Exclude<IntensityRule, 'auto' | 'rgb'>;
}

/** An examination, for what must not be in two splits. */
export interface MedicalCase {
  readonly patient: string;
  /** Digest of the values of its images: equal for equal pixels. */
  readonly digest: string;
}

/** A finding that does not stop the work: counted, with the files it was seen in. */
export interface Warning {
  /** Stable, machine readable, e.g. 'degenerate-box'. */
  readonly code: string;
  /** One sentence with the count and the first file names. */
  readonly message: string;
  readonly count: number;
  readonly files: readonly string[];
  /** Number of the pitfall it is an instance of; absent: the code tells it. */
  readonly pitfall?: number | undefined;
  /** True: something was chosen, and nothing is wrong. */
  readonly isNote?: true;
}

export interface Dataset<T extends Truth = Truth> extends AsyncIterable<Sample<T>> {
  readonly labels: LabelMap;
  readonly size: number;
  readonly entries: readonly Entry[];
  readonly warnings: readonly Warning[];
  /** The file or folder that names its images, for errors about the whole. */
  readonly source: string;
  /** Absent: its images are decoded to 8-bit RGB. */
  readonly deep?: DeepImages;
  /** Medical: the examinations that its images are of. */
  readonly cases?: readonly MedicalCase[];
  /** Millimetres between rows and columns that its images are to be resampled to; absent: they keep their own scale. */
  readonly spacing?: readonly [rows: number, columns: number];
  /** What to change where its class maps leave nothing to tell apart. */
  readonly advice?: string;
  /** Values of all mask files with their pixels; absent where truths are no mask files. */
  readonly maskValues?: ValueCounts;
  /** Decodes image `index` and its truth. Reads files; keeps nothing. */
  get(index: number): Promise<Sample<T>>;
}
