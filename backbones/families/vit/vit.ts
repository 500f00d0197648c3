import * as tf from '@tensorflow/tfjs-core';
import { keysOf, mapTuple } from '../../../engine/checked.js';
import { SYMMETRIC } from '../../backbone.js';
import type { ArchitectureOptions, Family, Stage, Top } from '../../family.js';
import {
  convolution,
  dense,
  dropout,
  transformerInitialiser as initialise,
  layerNorm,
  positionEmbedding,
  transformerBlock,
} from '../../layers/index.js';
import { ceiled, dropPathRates } from '../../strides.js';
import { EXPANSION, EPSILON as epsilon, INPUT_PIXELS, PATCH, VITS, type VitArch, type VitRow } from './spec.js';

export type VitLevel = 'P4';

/**
 * Vision transformer: one map, a cell for each patch, and one token for the class, all of which attend to each other; a
 * stage hands on the map and all tokens. Images of any size: their right and bottom edge is filled up to whole patches
 * with zeros, and the position embeddings are resized. Parameters named as in timm (`blocks.0.attn.qkv.weight`).
 *
 * @source Dosovitskiy et al. 2021, arXiv:2010.11929
 */
export const vit: Family<VitArch, VitLevel> = {
  archs: keysOf(VITS),
  levels: ['P4'],
  outputStrides: [],
  architecture: (arch, options) => {
    const row = VITS[arch];
    return {
      inputPixels: INPUT_PIXELS,
      preprocessing: SYMMETRIC,
      activation: 'gelu',
      stem: 'patch_embed.proj',
      stages: [embedding(row, options), ...blocks(row, options)],
      top: topOf(row),
    };
  },
};

function embedding({ channels }: VitRow, { inChannels }: ArchitectureOptions): Stage<VitLevel> {
  return {
    paths: ['cls_token', 'pos_embed', 'patch_embed'],
    level: null,
    tap: 'patch_embed',
    channels,
    stride: PATCH,
    cells: ceiled(PATCH),
    build: (parameters) => {
      const token = parameters.create('cls_token', {
        shape: [1, 1, channels],
        layout: 'plain',
        role: 'bias',
        initialise,
      });
      const positions = positionEmbedding(parameters, 'pos_embed', { side: INPUT_PIXELS / PATCH, channels });
      const project = convolution(parameters, 'patch_embed.proj', {
        kernel: PATCH,
        stride: PATCH,
        padding: 'valid',
        bias: true,
        inChannels,
        outChannels: channels,
        initialise,
      });
      return ([images], pass) => {
        const patches = project(filled(images), pass);
        const [N, height, width] = patches.shape;
        const [ofToken, ofCells] = positions(height, width);
        const map = tf.add<tf.Tensor4D>(patches, ofCells);
        const first = tf.tile(tf.add(tf.reshape(token, [1, 1, 1, channels]), ofToken), [N, 1, 1, 1]);
        return [map, tf.concat([first, tf.reshape(map, [N, 1, height * width, channels])], 2) as tf.Tensor4D];
      };
    },
  };
}

/** With zeros up to whole patches. */
function filled(images: tf.Tensor4D): tf.Tensor4D {
  const [, height, width] = images.shape;
  const [bottom, right] = mapTuple([height, width], (pixels) => Math.ceil(pixels / PATCH) * PATCH - pixels);
  if (bottom + right === 0) return images;
  const none: [number, number] = [0, 0];
  return tf.pad(images, [none, [0, bottom], [0, right], none]);
}

function blocks({ channels, heads, blocks: count }: VitRow, { dropPath }: ArchitectureOptions): Stage<VitLevel>[] {
  const rates = dropPathRates(dropPath, count);
  return rates.map((rate, i): Stage<VitLevel> => {
    const path = `blocks.${i}`;
    return {
      paths: [path],
      level: i === count - 1 ? 'P4' : null,
      tap: path,
      channels,
      stride: 1,
      cells: ceiled(1),
      build: (parameters) => {
        const run = transformerBlock(parameters, path, {
          channels,
          heads,
          hidden: channels * EXPANSION,
          activation: 'gelu',
          epsilon,
          dropPath: rate,
        });
        return ([map, before = map], pass) => {
          const tokens = run(before, pass);
          return [tf.reshape(tf.slice4d(tokens, [0, 0, 1, 0], [-1, -1, -1, -1]), map.shape), tokens];
        };
      },
    };
  });
}

/** The class token alone is classified. */
function topOf({ channels }: VitRow): Top {
  const classifier = 'head';
  return {
    channels,
    classifier,
    readsMore: true,
    build: (parameters, { classes, dropout: rate }) => {
      const norm = layerNorm<tf.Tensor2D>(parameters, 'norm', { channels, epsilon });
      const drop = dropout<tf.Tensor2D>(classifier, rate);
      const head =
        classes > 0 ? dense(parameters, classifier, { inChannels: channels, outChannels: classes, initialise }) : null;
      return ([map, tokens = map], pass) => {
        const token = tf.slice4d(tokens, [0, 0, 0, 0], [-1, 1, 1, -1]);
        const features = norm(tf.reshape(token, [-1, channels]), pass);
        return head ? head(drop(features, pass), pass) : features;
      };
    },
  };
}
