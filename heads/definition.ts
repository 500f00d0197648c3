import type * as z from 'zod';
import type { Architecture } from '../backbones/family.js';
import type { FeatureSpec, Level } from '../backbones/features.js';
import type { Dataset } from '../datasets/dataset.js';
import type { TargetTypes } from '../datasets/encoder.js';
import type { Truth } from '../datasets/sample.js';
import type { Head } from './head.js';
import type { EvaluationLimits, Task } from './tasks/task.js';

/** What a head must know beside its config. */
export interface HeadSetting {
  /** K. */
  readonly classes: number;
  /** Number of classes that have objects, the first ones. Defaults to all but one, where it makes a difference. */
  readonly things?: number | undefined;
  /** True: classes may overlap, so that each has a logit of its own, of a class map whose values are sets of them. Defaults to false. */
  readonly overlaps?: boolean | undefined;
  /** [height, width] of the network's input, pixels. */
  readonly inputSize: readonly [height: number, width: number];
}

/** What a network that is built tells its head. */
export interface NetworkSetting extends HeadSetting {
  /** Architecture of the backbone. */
  readonly architecture: Architecture;
}

/** A head, and the plain data its encoder is made from in loader workers. */
export interface BuiltHead<Raw, Types extends TargetTypes, Result> {
  readonly head: Head<Level, Raw, Types, Result>;
  readonly encoderConfig: unknown;
}

/** Parts of a network as a config file writes them, for configs that leave them open. */
export interface ModelDefaults {
  readonly inputSize: readonly [height: number, width: number];
  readonly neck: { readonly [key: string]: unknown };
  readonly head: { readonly [key: string]: unknown };
}

/** How well the anchors of a head fit boxes. */
export interface AnchorAudit {
  /** [M] largest IoU of an anchor with each box, 0..1. */
  readonly ious: Float64Array;
  /** Smallest IoU at which an anchor learns a box. */
  readonly threshold: number;
  /** Settings of the head with which clearly more boxes are fitted, and their share, 0..1; null: there are none. */
  readonly better: { readonly settings: { readonly [key: string]: unknown }; readonly share: number } | null;
}

/** One kind of head: everything that the rest of the library must know of it. */
export interface HeadDefinition<
  Config extends z.ZodObject = z.ZodObject,
  Raw = unknown,
  Types extends TargetTypes = TargetTypes,
  Result = unknown,
> {
  readonly task: Task<Truth, Result>;
  /** Schema of the head in a config file; `kind` names it. */
  readonly config: Config;
  /** Address of the module that exports `createEncoder(encoderConfig)`, for loader workers. */
  readonly encoder: () => URL;
  /** Names that stand for the head with some settings, where a config names a head by a text. Defaults to none. */
  readonly names?: { readonly [name: string]: { readonly [key: string]: unknown } };
  /**
   * Levels of the pyramid that it reads.
   *
   * @param config  may be unchecked
   * @param offered maps that the backbone can give
   * @throws ShapeError when the backbone lacks one that no neck can make
   */
  readonly levels: (config: { readonly [key: string]: unknown }, offered: Partial<FeatureSpec>) => readonly Level[];
  /** What a config without a preset gets, on this architecture. */
  readonly defaults: (architecture: Architecture) => ModelDefaults;
  /**
   * How well its anchors fit boxes; absent: it has none.
   *
   * @param boxes [M, 4] x1 y1 x2 y2, input pixels
   */
  readonly audit?: (
    config: z.output<Config>,
    setting: Pick<HeadSetting, 'inputSize'> & {
      /** Pixels of a cell of each level. */ readonly strides: readonly number[];
    },
    boxes: Float64Array,
  ) => AnchorAudit;
  /** Limits that an evaluator must know. */
  readonly limits: (config: z.output<Config>) => EvaluationLimits;
  /** Why it can learn nothing from a data set, beside what is true of every task; null: it can. Defaults to null. */
  readonly unlearnable?: (config: z.output<Config>, train: Pick<Dataset, 'entries' | 'labels'>) => string | null;
  /** @throws ShapeError when the head cannot be built on these features; ConfigError for settings that do not fit the classes */
  readonly create: (
    config: z.output<Config>,
    features: FeatureSpec,
    setting: NetworkSetting,
  ) => BuiltHead<Raw, Types, Result>;
}

/** Checks that config, encoder, function and task of a head belong together. */
export function defineHead<Config extends z.ZodObject, Raw, Types extends TargetTypes, Result>(
  head: HeadDefinition<Config, Raw, Types, Result>,
): HeadDefinition<Config, Raw, Types, Result> {
  return head;
}
