import * as z from 'zod';
import type { Dataset } from '../dataset.js';
import { intensityRule } from '../intensityRule.js';
import type { LabelMap, Truth } from '../sample.js';

export type SplitName = 'train' | 'val' | 'test';

/** Which part of a data set is opened. */
export interface SplitRequest {
  readonly split: SplitName;
  /** Labels of the training split, so that every split counts the same classes; absent for that one. */
  readonly labels?: LabelMap;
  /** Objects with masks are wanted, and of an object that states a box alone the rectangle is taken. Defaults to leaving it out. */
  readonly boxesAlone?: boolean;
}

/** What is wrong with a config, and at which key below `data`. */
export interface DataProblem {
  readonly path: readonly string[];
  readonly message: string;
  /** A file that is named and not there. */
  readonly missing?: string;
}

/** What each kind of truth is called. */
export const NOUNS: { readonly [Kind in Truth['kind']]: string } = {
  boxes: 'boxes',
  instances: 'masks of objects',
  classMap: 'class maps',
  labels: 'classes of images',
  panoptic: 'panoptic segments',
};

type TruthOf<Kind extends Truth['kind']> = Extract<Truth, { readonly kind: Kind }>;

/** Opens one split as truths of one kind; null: there is no validation set, as nothing names one and nothing was held out. */
export type Open<Config, Kind extends Truth['kind']> = (
  data: Config,
  request: SplitRequest,
) => Promise<Dataset<TruthOf<Kind>> | null>;

/** A folder as it is recognised by: its files, without links and hidden ones. */
export interface Listing {
  /** Absolute. */
  readonly root: string;
  /** Paths relative to the root, forward slashes, natural order; of a large folder the first. */
  readonly paths: readonly string[];
  /** The beginning of a text file. */
  head(path: string): Promise<string>;
}

/** What a folder was recognised as. */
export interface Recognised {
  /** The format's own keys, without `kind` and `root`. */
  readonly keys: { readonly [key: string]: unknown };
  /** In the tool's words: 'Roboflow VOC', 'YOLO (data.yaml)'. */
  readonly name: string;
  /** What is learned from it unless said otherwise. */
  readonly truth: Truth['kind'];
}

/** Readers by the kind of truth they give. */
type Readers<Config> = { readonly [Kind in Truth['kind']]?: Open<Config, Kind> };

/** A data set format: its part of a config, and how it is read. */
export interface Format {
  readonly kind: string;
  /** As its documentation calls it. */
  readonly title: string;
  /** Tools that write it. */
  readonly tools: string;
  /** A drawing of its folders. */
  readonly layout: string;
  /** What it calls objects that are not learned. Defaults to 'crowd'. */
  readonly ignored?: 'crowd' | 'difficult';
  /** The keys of `data` in a config, `kind` included. */
  readonly config: z.ZodType & z.core.$ZodTypeDiscriminable;
  /** Readers by the kind of truth they give; what they read is checked against `config` first. */
  readonly readers: Readers<unknown>;
  /** The file that holds all boxes of a split and can be corrected, whole path; null: there is none. Defaults to none. */
  readonly correctable?: (data: CommonData, split: SplitName) => string | null;
  /** Null where a folder is of another format. */
  readonly recognise: (listing: Listing) => Promise<Recognised | null>;
  /** What a config states that cannot be, apart from what the schema says. */
  readonly check: (data: unknown) => readonly DataProblem[];
}

const name = z.string().min(1);
const share = z.number().gt(0).lt(1);

/** A split: 'auto', a name of the format's own, positions or patterns of images, or a share of all images. */
const split = z.union([name, share, z.int().min(0), z.array(name).min(1)]);

export type Split = z.infer<typeof split>;

/** Keys that every format has. */
export const commonKeys = {
  root: name
    .default('.')
    .describe("Folder of the data; relative to the current folder, or else to this file's; `--data DIR` replaces it"),
  train: split
    .default('auto')
    .describe(
      'Training images: auto (what the layout says, or all that is not held out), a list, file or folder of the layout, positions 0-23, patterns, or a share such as 0.8',
    ),
  val: split
    .nullable()
    .default('auto')
    .describe(
      'Validation images, written like train; auto: what the layout says, or a fifth of the training images, which is held out; null: none',
    ),
  test: split
    .nullable()
    .default('auto')
    .describe('Further images for `evaluate --split test`, written like train; null: none'),
  splitSeed: z
    .int()
    .min(0)
    .max(4_294_967_295)
    .default(1)
    .describe('Chooses the images of shares and of what is held out, 0..4294967295'),
  folds: z
    .int()
    .min(2)
    .max(100)
    .nullable()
    .default(null)
    .describe(
      'Cross-validation: parts of the training images of which one validates, 2..100, by splitSeed; images of one group, as their names tell, and patients are in one part; null: none',
    ),
  fold: z
    .int()
    .min(0)
    .max(99)
    .default(0)
    .describe('The part of data.folds that validates, 0..folds - 1; `train --fold` sets it, `--fold all` trains each'),
  mode: z
    .enum(['multiclass', 'multilabel', 'binary'])
    .default('multiclass')
    .describe(
      'Segmentation. multiclass: a pixel has exactly one class, the background is one; multilabel: classes may overlap, up to 7, each is answered by itself and there is no background; binary: one class against the rest, a single probability',
    ),
  classes: z
    .array(name)
    .max(10_000)
    .default([])
    .describe(
      'Class names in the order the network counts them; objects of other classes are left out, and counted. At most 255 in segmentation, where background is added before a single one; in classification images of other classes are left out. []: those of the data',
    ),
  badRecords: z
    .enum(['skip', 'error'])
    .default('skip')
    .describe('Images and annotations that cannot be used: left out, counted and named, or an error'),
  intensity: intensityRule
    .default('auto')
    .describe(
      "How values become what the network sees, from the training images alone, kept with the weights: rgb (scaled to 8 bits for the eye), ct (clipped to percentiles 0.5 and 99.5 of what has a class, their mean and deviation), zscore of each case, percentile (0.5 to 99.5 of each case), range (least to largest), window: [centre, width], none; all but rgb keep an image's own depth and channels. auto: rgb, of medical files ct or zscore by nnU-Net's rule",
    ),
  links: z
    .enum(['follow', 'inside'])
    .default('follow')
    .describe('Symbolic links to images: followed wherever they lead, or only inside root'),
} as const;

const common = z.object(commonKeys);
/** What of a config every format has. */
export type CommonData = z.infer<typeof common>;

/** A format as its file writes it, with the types of its config. */
interface FormatFile<Schema extends z.ZodType> extends Omit<Format, 'config' | 'readers' | 'check'> {
  readonly config: Schema;
  readonly readers: Readers<z.infer<Schema>>;
  readonly check?: (data: z.infer<Schema>) => readonly DataProblem[];
}

/** A format whose readers take what its schema gives. */
export function defineFormat<Schema extends z.ZodType & z.core.$ZodTypeDiscriminable>(
  format: FormatFile<Schema>,
): Format & { readonly config: Schema } {
  const { config, readers, check } = format;
  const checked = Object.entries(readers).map(([kind, open]) => {
    const read = open as Open<z.infer<Schema>, Truth['kind']>;
    return [kind, (data: unknown, request: SplitRequest) => read(config.parse(data), request)];
  });
  return {
    ...format,
    readers: Object.fromEntries(checked) as Readers<unknown>,
    check: (data) => check?.(config.parse(data)) ?? [],
  };
}
