import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { interpolationConfig } from '../parts/interpolate.js';
import { normConfig } from '../parts/norm.js';
import { type SkipBlock, skipBlock } from '../parts/skipBlock.js';
import { untrained } from '../parts/untrained.js';
import { channelsConfig, defineDecoder, depthConfig, infoOf, mapOf, wholeInput } from './decoder.js';
import { checkWidths, skipLevels, skipPlan } from './skips.js';
import { centerBlock } from './unet.js';

/** A U-Net++ decoder in a config file; an unknown key is an error. */
export const unetPlusPlusConfig = z.strictObject({
  kind: z.literal('unetplusplus'),
  depth: depthConfig.default(5).describe('The deepest map it reads, 3 to 5: 5 is P5'),
  channels: z
    .array(channelsConfig)
    .min(3)
    .max(5)
    .readonly()
    .default([256, 128, 64, 32, 16])
    .describe('Channels of every step, coarsest first, 1 to 4096 each: as many as the depth'),
  norm: normConfig.default('batchnorm').describe('Between convolution and activation, see normConfig'),
  attention: z
    .literal('scse')
    .nullable()
    .default(null)
    .describe('scse: squeeze-and-excitation of channels and cells; null: none'),
  interpolation: interpolationConfig.default('nearest').describe('How a map is brought to the next finer grid'),
  centerBlock: z
    .boolean()
    .default(false)
    .describe('True: parameters of two more convolutions, which released decoders on VGG have and do not run'),
});

/**
 * U-Net++: every skip connection of a U-Net is a row of steps of its own, each joined with all steps before it in the row.
 * The step of row r in column c is `decoder.blocks.x_c_r` (rows from the coarsest, columns from the deepest path); its
 * stages are those of the finest row, as the paper supervises them. Reads P1 to P`depth`.
 *
 * @source Zhou et al. 2018, arXiv:1807.10165
 */
export const unetPlusPlus = defineDecoder({
  config: unetPlusPlusConfig,
  reads: (features, { depth }) => skipLevels('unetplusplus', features, depth),
  create: (features, options, parameters) => {
    const { channels, norm, attention, interpolation } = options;
    checkWidths('unetplusplus', options);
    const { levels, deepest, skips, gridsOf } = skipPlan('unetplusplus', features, options);
    const head = infoOf(features, deepest).channels;
    if (options.centerBlock) centerBlock(untrained(parameters), 'decoder.center', head, norm);
    const rows = skips.length - 1;
    const widthOf = (column: number, row: number): number =>
      column === 0 ? (channels[row] ?? 0) : (skips[row]?.channels ?? 0);
    const sourceWidth = (column: number, row: number): number => {
      if (column < row) return widthOf(column, row - 1);
      return row === 0 ? head : (skips[row - 1]?.channels ?? 0);
    };
    const blocks = new Map<string, SkipBlock>();
    const add = (column: number, row: number, skipChannels: number, inChannels: number): void => {
      if (widthOf(column, row) === 0) return; // the backbone has no map for the row
      const shared = { norm, attention, interpolation, hasSkip: row < rows };
      const outChannels = widthOf(column, row);
      blocks.set(
        nameOf(column, row),
        skipBlock(parameters, `decoder.blocks.${nameOf(column, row)}`, {
          ...shared,
          inChannels,
          skipChannels,
          outChannels,
        }),
      );
    };
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column <= row; column++) {
        add(column, row, (skips[row]?.channels ?? 0) * (row + 1 - column), sourceWidth(column, row));
      }
    }
    add(0, rows, 0, widthOf(0, rows - 1));
    const finest = Array.from({ length: rows - 1 }, (_, i) => i + 1).filter((column) => widthOf(column, rows - 1) > 0);
    return {
      levels,
      output: wholeInput(channels.at(-1) ?? 0),
      stages: [widthOf(0, rows - 1), ...finest.map((column) => widthOf(column, rows - 1))],
      predictor: 3,
      upsampling: 'aligned',
      forward: (maps, pass) => {
        const grids = gridsOf(maps);
        const done = new Map<string, tf.Tensor4D>();
        /** What a row starts from: the encoder's map one level deeper. */
        const encoded = (row: number): tf.Tensor4D | undefined => {
          const level = row === 0 ? deepest : skips[row - 1]?.level;
          return level && (row === 0 || (skips[row - 1]?.channels ?? 0) > 0) ? mapOf(maps, features, level) : undefined;
        };
        const step = (column: number, row: number): void => {
          const block = blocks.get(nameOf(column, row));
          const source = column === row ? encoded(row) : done.get(nameOf(column, row - 1));
          if (!block || !source) return;
          const before = Array.from({ length: row - column }, (_, i) => done.get(nameOf(column + 1 + i, row)));
          const { level, channels: width } = skips[row] ?? { level: deepest, channels: 0 };
          const parts = [...before, width > 0 ? mapOf(maps, features, level) : undefined].filter(isMap);
          const skip = parts.length > 0 ? tf.concat(parts, 3) : null;
          done.set(nameOf(column, row), block(source, grids[row] ?? [0, 0], skip, pass));
        };
        for (let offset = 0; offset < rows; offset++) {
          for (let column = 0; column < rows - offset; column++) step(column, column + offset);
        }
        step(0, rows);
        const stages = [0, ...finest].map((column) => done.get(nameOf(column, rows - 1))).filter(isMap);
        return { map: done.get(nameOf(0, rows)) ?? mapOf(maps, features, deepest), stages };
      },
    };
  },
});

const nameOf = (column: number, row: number): string => `x_${column}_${row}`;
const isMap = (map: tf.Tensor4D | undefined): map is tf.Tensor4D => map !== undefined;
