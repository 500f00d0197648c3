import { type FeatureMaps, type FeatureSpec, LEVELS, type Level } from '../../../backbones/features.js';
import { valueAt } from '../../../engine/checked.js';
import { ConfigError } from '../../../engine/errors.js';
import { coveredSize } from '../coveredSize.js';
import { gridOf } from '../parts/interpolate.js';
import { infoOf, levelsBetween, mapOf } from './decoder.js';

/** The finer map of one step. */
interface Skip {
  readonly level: Level;
  /** 0: there is no such map. */
  readonly channels: number;
}

/** What the steps of a decoder read that grows from the deepest map to the input's own size. */
export interface SkipPlan {
  /** All maps it reads, finest first. */
  readonly levels: readonly Level[];
  readonly deepest: Level;
  /** Per step, coarsest first; the last one is the image itself, P0, without channels. */
  readonly skips: readonly Skip[];
  /** [height, width] in cells that each step gives, coarsest first. */
  readonly gridsOf: (maps: Partial<FeatureMaps>) => readonly (readonly [height: number, width: number])[];
}

export interface SkipOptions {
  readonly depth: number;
  /** [height, width] of the network input, pixels. */
  readonly inputSize: readonly [height: number, width: number];
}

/**
 * Levels of a decoder with skip connections; backbones may lack P1 and P2.
 *
 * @param name of the decoder, for errors
 * @throws ShapeError when a deeper level is missing
 */
export function skipPlan(name: string, features: Partial<FeatureSpec>, { depth, inputSize }: SkipOptions): SkipPlan {
  const levels = skipLevels(name, features, depth);
  const deepest = valueAt(LEVELS, depth);
  const skips = LEVELS.slice(0, depth)
    .reverse()
    .map((level): Skip => {
      const isMap = level !== 'P0' && levels.includes(level);
      return { level, channels: isMap ? infoOf(features, level).channels : 0 };
    });
  return {
    levels,
    deepest,
    skips,
    gridsOf: (maps) => {
      const grid = gridOf(mapOf(maps, features, deepest));
      const [height, width] = coveredSize(infoOf(features, deepest), grid, inputSize);
      return skips.map(({ level, channels }) => {
        if (channels > 0) return gridOf(mapOf(maps, features, level));
        const pixels = 2 ** LEVELS.indexOf(level);
        return [Math.ceil(height / pixels), Math.ceil(width / pixels)];
      });
    },
  };
}

/** P1 to P`depth`; the finest two may be missing. */
export function skipLevels(name: string, features: Partial<FeatureSpec>, depth: number): readonly Level[] {
  return levelsBetween(features, { name, first: 1, last: depth, optional: ['P1', 'P2'] });
}

/** @throws ConfigError when there is not one width per step */
export function checkWidths(
  name: string,
  { depth, channels }: { readonly depth: number; readonly channels: readonly number[] },
): void {
  if (channels.length === depth) return;
  throw new ConfigError(
    `${name} of depth ${depth} has ${depth} steps, channels has ${channels.length} widths: give one per step, coarsest first`,
  );
}
