import type { Evaluator } from '../../datasets/evaluators/evaluator.js';
import type { CaseEvaluator, CaseEvaluatorOptions, CasesConfig } from '../../datasets/evaluators/regions/index.js';
import type { ClassMap, ClassScores, Detections, LabelMap, PackedMask, Truth } from '../../datasets/sample.js';
import type { AugmentConfig } from '../../datasets/transforms/augment.js';
import type { Views } from './views.js';

/** Figures of an evaluation by name; null: there was nothing to measure. */
export type Report = { readonly [figure: string]: unknown };

/** A table of a report: a row per class, or one row of figures. */
export interface ReportTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** What can be drawn over an image. */
export interface Overlay {
  readonly boxes?: Detections;
  /** One for each of the boxes. */
  readonly masks?: readonly PackedMask[];
  readonly classMap?: ClassMap;
  /** Scores of the whole image. */
  readonly scores?: ClassScores;
}

/** One prediction for machines, for people and for the eye. */
export interface Described {
  /** Plain data: what `--json` prints of an image. */
  readonly value: { readonly [key: string]: unknown };
  /** A row per finding: figure, class, and what else there is to say. */
  readonly rows: readonly { readonly figure: string; readonly label: string; readonly rest?: string }[];
  readonly overlay: Overlay;
}

export interface DescribeOptions {
  /** Class names by index. */
  readonly names: readonly string[];
  /** Lowest score that is reported, fraction. */
  readonly threshold: number;
}

/** A part of an image that was answered on its own, and what its answer counts for; pixels of the image. */
export interface StitchedTile {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Tiles share the image out: left, top, right, bottom. */
  readonly kept: readonly [left: number, top: number, right: number, bottom: number];
}

/** How the answers for tiles become that for their image. */
export interface Stitching<Result> {
  /** Whether the image as a whole is answered, too, which finds what is larger than a tile. */
  readonly isWholeToo: boolean;
  /** Side of the tiles, pixels, where a config leaves it open, and longest side of an image that is answered at once; null: every image is. */
  readonly defaults: { readonly tile: number; readonly longest: number } | null;
  readonly create: Stitch<Result>;
  /** Where answers that carry probabilities are blended; absent: the task has none. */
  readonly blend?: Stitch<Result>;
}

/** Takes the answers for tiles, row by row, and gives that for their image. */
type Stitch<Result> = (size: { readonly width: number; readonly height: number }) => {
  add(result: Result, tile: StitchedTile): void;
  finish(): Result;
};

/** Defaults of the augmentation where the config leaves them open. */
export interface TaskAugmentation extends Pick<AugmentConfig, 'fit' | 'scale' | 'flipVertical' | 'rotate90'> {
  /** What is added for many images: a policy, and the probability of a mosaic. */
  readonly large: { readonly policy: string; readonly mosaic: number };
  /** Parameter of the Beta distribution that shares of mixed images are drawn from. */
  readonly mixupAlpha: number;
}

/** What is learned, whatever head learns it: the truth, how predictions are measured, and how they are told. */
export interface Task<T extends Truth = Truth, Result = unknown> {
  /** In configs. */
  readonly name: string;
  /** The kind of truth that is learned from. */
  readonly truth: T['kind'];
  /** Kind of the head that a config without one gets. */
  readonly head: string;
  /** Figure of the report that chooses the best checkpoint, a fraction, the larger the better. */
  readonly metric: string;
  /** Most classes that its truth can hold. */
  readonly mostClasses: number;
  readonly augmentation: TaskAugmentation;
  /** True: what no class covers is a class of its own, which the labels of a data set may lack. Defaults to false. */
  readonly addsBackground?: true;
  /** True: `data.mode` says whether a pixel has one class or several. Defaults to false. */
  readonly hasModes?: true;
  /** True: crops can be centred on what has a class beside the background. Defaults to false. */
  readonly picksForeground?: true;
  /** Whether the classes of one place exclude each other, as the settings of the head say. Defaults to never. */
  readonly isExclusive?: (head: { readonly multiLabel?: unknown }) => boolean;
  /** What an interval of the headline draws again: predicted boxes, the confusion of each image, or whether its class is right. Defaults to nothing, as no interval is known. */
  readonly resampled?: 'detections' | 'confusions' | 'hits';
  /** How the masks of `--masks` are written: a file for each image, or COCO panoptic. Defaults to a file for each image. */
  readonly maskFiles?: 'coco-panoptic';
  /** True: the network takes images at their own size, one at a time. */
  readonly isFullyConvolutional: boolean;
  readonly createEvaluator: (labels: LabelMap, limits: EvaluationLimits) => Evaluator<T, Result, Report>;
  /** Figures per case, such as surface distances; absent: the task has none. */
  readonly createCaseEvaluator?: (
    labels: LabelMap,
    settings: CasesConfig,
    options?: CaseEvaluatorOptions,
  ) => CaseEvaluator;
  /** What the report says where there was nothing to measure. */
  readonly nothingMeasured: string;
  /** The report as tables, the most important first. */
  readonly tables: (report: Report) => readonly ReportTable[];
  /** Puts the answers for tiles of a large image together. */
  readonly stitching: Stitching<Result>;
  /** How several answers for one image become one; absent: they do not. */
  readonly views?: Views<Result>;
  readonly describe: (result: Result, options: DescribeOptions) => Described;
}

/** Limits that the head decodes with. */
export interface EvaluationLimits {
  /** Predictions of an image that count, where the head keeps a number of them. */
  readonly maxDetections: number;
}

/** Checks that truth, evaluator and description of a task belong together. */
export function defineTask<T extends Truth, Result>(task: Task<T, Result>): Task<T, Result> {
  return task;
}

/** One row of the figures that a report has, of those named. */
export function figuresOf(report: Report, names: readonly string[]): readonly ReportTable[] {
  const present = names.filter((name) => name in report);
  if (present.length === 0) return [];
  return [{ header: present, rows: [present.map((name) => figureOf(report[name]))] }];
}

export const figureOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
