import type { Random } from '../../../engine/random.js';
import type { AugmentConfig } from '../augmentConfig.js';
import type { OpName } from '../ops/index.js';

/** An op that was drawn for an image. */
export interface OpCall {
  readonly op: OpName;
  readonly value: number;
  /** A second value, of columns. Defaults to the first. */
  readonly across?: number;
  /** The only channel that it changes. Defaults to all. */
  readonly channel?: number;
  /** Not the image, but each of its objects is changed, with this probability. */
  readonly perObject?: number;
}

/** What a policy may look at when it draws. */
export interface Drawing {
  /** The image in the input, pixels. */
  readonly frame: { readonly width: number; readonly height: number };
  /** [height, width] of the input, pixels. */
  readonly size: readonly [height: number, width: number];
  readonly channels: number;
  readonly random: Random;
}

/** Draws the ops of one image, in their order. */
export interface Policy {
  /** All that may be drawn. */
  readonly ops: readonly OpName[];
  readonly draw: (drawing: Drawing) => readonly OpCall[];
  /** What goes with it where a config leaves it open; colours are the policy's own anyway. */
  readonly defaults?: Partial<Pick<AugmentConfig, 'scale' | 'flipVertical' | 'rotate90'>>;
  /** Table of sub-policies, of one that draws from it. */
  readonly table?: SubPolicies<string>;
}

/** An op with its strength as a number: what a level means, and whether half of the draws go the other way. */
export interface Level {
  readonly op: OpName;
  readonly value: (level: number) => number;
  readonly isSigned?: true;
  /** What the value is added to. Defaults to 0. */
  readonly about?: number;
  /** Inside of each object, with a third of the probability. */
  readonly isPerObject?: true;
}

/** One draw of an op at a level. */
export function callOf({ op, value, isSigned, about = 0 }: Level, level: number, random: Random): OpCall {
  const sign = isSigned && random.next() < 0.5 ? -1 : 1;
  return { op, value: about + sign * value(level) };
}

/** Sub-policies, one of which is drawn: its ops in order, each with its probability and level. */
export type SubPolicies<Name extends string> = readonly (readonly (readonly [
  op: Name,
  probability: number,
  level: number,
])[])[];

/** A policy that draws one sub-policy. @source Cubuk et al. 2019, arXiv:1805.09501 */
export function oneOf<Name extends string>(
  levels: { readonly [name in Name]: Level },
  table: SubPolicies<Name>,
): Policy {
  return {
    table,
    ops: [...new Set(table.flatMap((calls) => calls.map(([name]) => levels[name].op)))],
    draw: ({ random }) =>
      (table[random.integer(table.length)] ?? []).flatMap(([name, probability, strength]) => {
        const level = levels[name];
        const call = callOf(level, strength, random);
        if (level.isPerObject) return [{ ...call, perObject: probability * PER_OBJECT }];
        return random.next() < probability ? [call] : [];
      }),
  };
}

/** Factor on the probability, since objects may be many. @source google/automl, efficientdet/aug/autoaugment.py, _scale_bbox_only_op_probability */
const PER_OBJECT = 1 / 3;
