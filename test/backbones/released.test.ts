import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { architectureOf, type BackboneArch, countNetwork, createClassifier } from '../../backbones/index.js';
import { ACTIVATIONS, type Activation, adaptiveMean } from '../../backbones/layers/index.js';
import { convertWeights } from '../../backbones/weights/convert.js';
import { loadStateDict } from '../../backbones/weights/stateDict.js';
import type { WeightsFile } from '../../backbones/weights/weightsFile.js';
import { golden } from '../data.js';
import { type FormulaKind, formulaImage, formulaValues } from './formula.js';
import { type BackboneGolden, expectRecord, PARAMETER_LIMIT } from './records.js';
import { wholeNetwork } from './wholeNetwork.js';

/** A place in our network: the map of a stage, a 1x1 convolution of it with norm and activation, or its means. */
type Place =
  | string
  | { readonly after: string; readonly cells: number }
  | { readonly after: string; readonly conv: string; readonly norm: string; readonly activation?: Activation };

/** A network of another library: its own weight names, layouts and places. */
interface Released {
  readonly golden: string;
  readonly arch: BackboneArch;
  /** What the library's network does with pixels before its first layer; null: it takes what ours takes. */
  readonly pixels: 'to 0..1' | 'as our preprocessing says' | null;
  readonly places: Readonly<Record<string, Place>>;
}

const widened = (after: string, block: string, activation?: Activation): Place => ({
  ...{ after, conv: `${block}.conv_pw`, norm: `${block}.bn1` },
  ...(activation ? { activation } : {}),
});
const head = (after: string): Place => ({ after, conv: 'conv_head', norm: 'bn2' });

const EFFICIENTNET = {
  block2a_expand_activation: widened('blocks.0', 'blocks.1.0'),
  block3a_expand_activation: widened('blocks.1', 'blocks.2.0'),
  block4a_expand_activation: widened('blocks.2', 'blocks.3.0'),
  block6a_expand_activation: widened('blocks.4', 'blocks.5.0'),
  top_activation: head('blocks.6'),
} as const;

const RELEASED: readonly Released[] = [
  {
    ...{ golden: 'keras.EfficientNetB0', arch: 'tf_efficientnet_b0' },
    ...{ pixels: 'to 0..1', places: EFFICIENTNET },
  },
  {
    ...{ golden: 'keras.EfficientNetB4', arch: 'tf_efficientnet_b4' },
    ...{ pixels: 'to 0..1', places: EFFICIENTNET },
  },
  {
    ...{ golden: 'keras.EfficientNetV2B0', arch: 'tf_efficientnetv2_b0', pixels: 'as our preprocessing says' },
    places: {
      block1a_project_activation: 'blocks.0',
      block2b_add: 'blocks.1',
      block4a_expand_activation: widened('blocks.2', 'blocks.3.0'),
      block6a_expand_activation: widened('blocks.4', 'blocks.5.0'),
      top_activation: head('blocks.5'),
    },
  },
  {
    ...{ golden: 'keras.MobileNetV2', arch: 'keras_mobilenetv2_100', pixels: null },
    places: {
      block_1_expand_relu: widened('blocks.0', 'blocks.1.0'),
      block_3_expand_relu: widened('blocks.1', 'blocks.2.0'),
      block_6_expand_relu: widened('blocks.2', 'blocks.3.0'),
      block_13_expand_relu: widened('blocks.4', 'blocks.5.0'),
      out_relu: head('blocks.6'),
    },
  },
  {
    ...{ golden: 'keras.MobileNetV3Large', arch: 'tf_mobilenetv3_large_100', pixels: 'as our preprocessing says' },
    places: {
      re_lu_1: widened('blocks.0', 'blocks.1.0', 'relu'),
      re_lu_5: widened('blocks.1', 'blocks.2.0', 'relu'),
      activation_1: widened('blocks.2', 'blocks.3.0'),
      activation_13: widened('blocks.4', 'blocks.5.0'),
      activation_19: 'blocks.6',
    },
  },
  {
    ...{ golden: 'torchvision.vgg16', arch: 'vgg16', pixels: null },
    places: {
      ...{ 'features.4': 'features.4', 'features.9': 'features.9', 'features.16': 'features.16' },
      ...{ 'features.23': 'features.23', 'features.30': 'features.30' },
      avgpool: { after: 'features.30', cells: 7 },
    },
  },
  {
    ...{ golden: 'torchvision.mnasnet1_0', arch: 'mnasnet_100', pixels: null },
    places: {
      'layers.7': 'blocks.0',
      'layers.8': 'blocks.1',
      'layers.9': 'blocks.2',
      'layers.10': 'blocks.3',
      'layers.13': 'blocks.6',
    },
  },
];

describe.each(RELEASED)(
  '$golden with formula weights under its own names',
  ({ golden: name, arch, pixels, places }) => {
    const recorded = golden<BackboneGolden>(`backbones/${name}.json.gz`);
    const layout = name.startsWith('keras.') ? 'NHWC' : 'NCHW';

    it.runIf(recorded.counts)('has its parameters and multiply-accumulates', () => {
      const { size = [224, 224, 3], parameters, macs } = recorded.counts ?? {};
      const counts = countNetwork(() => createClassifier({ arch, classes: 1000, frozen: 'none', seed: 1 }), size);
      expect(counts).toMatchObject({ parameters, macs });
    });

    it.skipIf(recorded.parameters > PARAMETER_LIMIT)('gives the recorded maps and logits', () => {
      const network = wholeNetwork(arch);
      try {
        const { tensors } = convertWeights(fileOf(recorded), network);
        loadStateDict(network, tensors, { partial: false });
        for (const { size, logits, maps } of recorded.cases) {
          tf.tidy(() => {
            const run = network.run(prepared(size, arch, pixels));
            expectRecord(run.logits, logits, 'logits', layout);
            expect(maps.map(({ tap }) => tap)).toEqual(Object.keys(places));
            for (const map of maps) expectRecord(at(network, run.maps, places[map.tap], arch), map, map.tap, layout);
          });
        }
      } finally {
        network.dispose();
      }
    });
  },
);

/** Its tensors in its own layout; those that only prepare the image hold what leaves it alone. */
function fileOf({ stateDict = [], gain }: BackboneGolden): WeightsFile {
  const tensors = new Map(
    stateDict.map((line) => {
      const [name = '', dimensions = '', kind = ''] = line.split('|');
      const shape = dimensions === '' ? [] : dimensions.split(',').map(Number);
      const data = (): Float32Array =>
        kind === '-'
          ? new Float32Array(shape.reduce((product, side) => product * side, 1))
          : formulaValues(name, shape, kind as FormulaKind, gain);
      return [name, { dtype: 'F32' as const, shape, read: () => ({ dtype: 'F32' as const, shape, data: data() }) }];
    }),
  );
  return { format: 'keras', tensors, metadata: {} };
}

/** The formula's image [1, H, W, 3] in -1..1, as pixels 0..255 where the library starts from them. */
function prepared(size: readonly [number, number], arch: BackboneArch, pixels: Released['pixels']): tf.Tensor4D {
  const image = tf.tensor4d(formulaImage(...size), [1, ...size, 3]);
  if (pixels === null) return image;
  const values = tf.mul(127.5, tf.add(image, 1));
  if (pixels === 'to 0..1') return tf.div(values, 255);
  const { mean, std } = architectureOf(arch).preprocessing;
  return tf.div(tf.sub(values, tf.tensor1d([...mean])), tf.tensor1d([...std]));
}

function at(
  { parameters }: ReturnType<typeof wholeNetwork>,
  maps: ReadonlyMap<string, tf.Tensor4D>,
  place: Place | undefined,
  arch: BackboneArch,
): tf.Tensor {
  if (place === undefined) throw new Error('a recorded place is unknown');
  const map = maps.get(typeof place === 'string' ? place : place.after) as tf.Tensor4D;
  if (typeof place === 'string') return map;
  if ('cells' in place) return adaptiveMean(map, [place.cells, place.cells]);
  const value = (name: string): tf.Variable => parameters.get(name)?.variable as tf.Variable;
  const norm = (part: string): tf.Variable<tf.Rank.R1> => value(`${place.norm}.${part}`) as tf.Variable<tf.Rank.R1>;
  const wide = tf.conv2d(map, value(`${place.conv}.weight`) as tf.Variable<tf.Rank.R4>, 1, 'same');
  const epsilon = 1e-3; // every network of Keras here
  const normed = tf.batchNorm(wide, norm('running_mean'), norm('running_var'), norm('bias'), norm('weight'), epsilon);
  return ACTIVATIONS[place.activation ?? architectureOf(arch).activation](normed);
}
