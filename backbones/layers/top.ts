import * as tf from '@tensorflow/tfjs-core';
import type { Top, TopOptions } from '../family.js';
import type { Initialiser } from '../initialisers.js';
import type { Parameters } from '../parameters.js';
import { dense } from './dense.js';
import { globalMean } from './pooling.js';
import type { MapLayer } from './sequence.js';
import { dropout } from './stochastic.js';

export interface DenseTopOptions {
  /** Width of the pooled features. */
  readonly channels: number;
  /** State-dict path of the dense layer, e.g. 'fc'. */
  readonly classifier: string;
  /** Layer on the last map, before global average pooling. Defaults to none. */
  readonly before?: (parameters: Parameters, options: TopOptions) => MapLayer;
  /** Layer on the average [N, 1, 1, C]. Defaults to none. */
  readonly after?: (parameters: Parameters) => MapLayer;
  readonly initialise?: Initialiser;
}

/** Global mean and one dense layer: the end of most networks. */
export function denseTop({ channels, classifier, before, after, initialise }: DenseTopOptions): Top {
  return {
    channels,
    classifier,
    build: (parameters, options) => {
      const { classes, dropout: rate } = options;
      const head = before?.(parameters, options);
      const tail = after?.(parameters);
      const drop = dropout<tf.Tensor2D>(classifier, rate);
      const settings = { inChannels: channels, outChannels: classes, ...(initialise ? { initialise } : {}) };
      const classify = classes > 0 ? dense(parameters, classifier, settings) : null;
      return ([map], pass) => {
        const pooled = globalMean(head ? head(map, pass) : map);
        const features = tail ? flat(tail(tf.reshape(pooled, [pooled.shape[0], 1, 1, -1]), pass)) : pooled;
        return classify ? classify(drop(features, pass), pass) : features;
      };
    },
  };
}

function flat(map: tf.Tensor4D): tf.Tensor2D {
  return tf.reshape(map, [map.shape[0], map.shape[3]]);
}
