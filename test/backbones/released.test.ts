import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { architectureOf, type BackboneArch, countNetwork, createClassifier } from '../../backbones/index.js';
import { ACTIVATIONS, type Activation, adaptiveMean } from '../../backbones/layers/index.js';
import { convertWeights } from '../../pretrained/convert.js';
import { loadStateDict } from '../../pretrained/stateDict.js';
import type { WeightsFile } from '../../weights/weightsFile.js';
import { golden } from '../data.js';
import { type FormulaKind, formulaImage, formulaValues } from './formula.js';
import { type BackboneGolden, differenceNote, expectRecord, PARAMETER_LIMIT } from './records.js';
import { wholeNetwork } from './wholeNetwork.js';

/** A place in our network: the map of a stage, what lies some layers behind it or behind the image, or its means. */
type Place =
  | string
  | { readonly after: string; readonly cells: number }
  | { readonly after: string | null; readonly layers: readonly Step[] };

/** A convolution with norm and activation, by the paths of its parameters; `max`: 3x3 at stride 2 without padding. */
interface Convolution {
  readonly conv: string;
  readonly norm: string;
  /** The network's when absent. */
  readonly activation?: Activation;
  /** 2: without padding. 1 when absent: what keeps the size. */
  readonly stride?: 1 | 2;
  /** A depthwise and a pointwise convolution, `conv.conv1` and `conv.pointwise`. */
  readonly isSeparable?: true;
}
type Step = Convolution | 'max';

/** A network of another library: its own weight names, layouts and places. */
interface Released {
  readonly golden: string;
  readonly arch: BackboneArch;
  /** What the library's network does with pixels before its first layer; null: it takes what ours takes. */
  readonly pixels: 'to 0..1' | 'as our preprocessing says' | null;
  readonly places: Readonly<Record<string, Place>>;
  /** Weights made for maps of another size than our top's: the logits are not compared. */
  readonly otherTop?: string;
}

const widened = (after: string, block: string, activation?: Activation): Place => ({
  after,
  layers: [{ conv: `${block}.conv_pw`, norm: `${block}.bn1`, ...(activation ? { activation } : {}) }],
});
const head = (after: string): Place => ({ after, layers: [{ conv: 'conv_head', norm: 'bn2' }] });
const inception = (path: string, more: Pick<Convolution, 'stride'> = {}): Convolution => ({
  conv: `${path}.conv`,
  norm: `${path}.bn`,
  ...more,
});
/** The two separable convolutions of a block of Xception, up to the second norm. */
const separable = (after: string, block: string, first: number): Place => ({
  after,
  layers: [
    { conv: `${block}.${first}`, norm: `${block}.${first + 1}`, isSeparable: true },
    { conv: `${block}.${first + 3}`, norm: `${block}.${first + 4}`, isSeparable: true, activation: 'linear' },
  ],
});

const EFFICIENTNET = {
  block2a_expand_activation: widened('blocks.0', 'blocks.1.0'),
  block3a_expand_activation: widened('blocks.1', 'blocks.2.0'),
  block4a_expand_activation: widened('blocks.2', 'blocks.3.0'),
  block6a_expand_activation: widened('blocks.4', 'blocks.5.0'),
  top_activation: head('blocks.6'),
} as const;

const RELEASED: readonly Released[] = [
  {
    golden: 'keras.EfficientNetB0',
    arch: 'tf_efficientnet_b0',
    pixels: 'to 0..1',
    places: EFFICIENTNET,
  },
  {
    golden: 'keras.EfficientNetB4',
    arch: 'tf_efficientnet_b4',
    pixels: 'to 0..1',
    places: EFFICIENTNET,
  },
  {
    golden: 'keras.EfficientNetV2B0',
    arch: 'tf_efficientnetv2_b0',
    pixels: 'as our preprocessing says',
    places: {
      block1a_project_activation: 'blocks.0',
      block2b_add: 'blocks.1',
      block4a_expand_activation: widened('blocks.2', 'blocks.3.0'),
      block6a_expand_activation: widened('blocks.4', 'blocks.5.0'),
      top_activation: head('blocks.5'),
    },
  },
  {
    golden: 'keras.MobileNetV2',
    arch: 'keras_mobilenetv2_100',
    pixels: null,
    places: {
      block_1_expand_relu: widened('blocks.0', 'blocks.1.0'),
      block_3_expand_relu: widened('blocks.1', 'blocks.2.0'),
      block_6_expand_relu: widened('blocks.2', 'blocks.3.0'),
      block_13_expand_relu: widened('blocks.4', 'blocks.5.0'),
      out_relu: head('blocks.6'),
    },
  },
  {
    golden: 'keras.MobileNetV3Large',
    arch: 'tf_mobilenetv3_large_100',
    pixels: 'as our preprocessing says',
    places: {
      re_lu_1: widened('blocks.0', 'blocks.1.0', 'relu'),
      re_lu_5: widened('blocks.1', 'blocks.2.0', 'relu'),
      activation_1: widened('blocks.2', 'blocks.3.0'),
      activation_13: widened('blocks.4', 'blocks.5.0'),
      activation_19: 'blocks.6',
    },
  },
  {
    golden: 'torchvision.convnext_tiny',
    arch: 'convnext_tiny',
    pixels: null,
    places: {
      'features.0': 'stem',
      'features.1': 'stages.0',
      'features.2': 'stages.1.downsample',
      'features.3': 'stages.1',
      'features.4': 'stages.2.downsample',
      'features.5': 'stages.2',
      'features.6': 'stages.3.downsample',
      'features.7': 'stages.3',
    },
  },
  {
    golden: 'torchvision.vgg16',
    arch: 'vgg16',
    pixels: null,
    places: {
      'features.4': 'features.4',
      'features.9': 'features.9',
      'features.16': 'features.16',
      'features.23': 'features.23',
      'features.30': 'features.30',
      avgpool: { after: 'features.30', cells: 7 },
    },
  },
  {
    golden: 'keras.ResNet50',
    arch: 'keras_resnet50',
    pixels: null,
    places: {
      conv1_relu: 'act1',
      conv2_block3_out: 'layer1',
      conv3_block4_out: 'layer2',
      conv4_block6_out: 'layer3',
      conv5_block3_out: 'layer4',
    },
  },
  {
    golden: 'keras.InceptionV3',
    arch: 'keras_inception_v3',
    pixels: null,
    places: {
      activation: { after: null, layers: [inception('Conv2d_1a_3x3', { stride: 2 })] },
      activation_2: 'Conv2d_2b_3x3',
      activation_3: { after: 'Conv2d_2b_3x3', layers: ['max', inception('Conv2d_3b_1x1')] },
      activation_4: 'Conv2d_4a_3x3',
      activation_28: {
        after: 'Mixed_5d',
        layers: [inception('Mixed_6a.branch3x3dbl_1'), inception('Mixed_6a.branch3x3dbl_2')],
      },
      activation_74: {
        after: 'Mixed_6e',
        layers: [1, 2, 3].map((index) => inception(`Mixed_7a.branch7x7x3_${index}`)),
      },
      mixed10: 'Mixed_7c',
    },
  },
  {
    golden: 'keras.Xception',
    arch: 'keras_xception',
    pixels: null,
    places: {
      block1_conv1_act: { after: null, layers: [{ conv: 'conv1', norm: 'bn1', stride: 2 }] },
      block2_sepconv2_bn: separable('act2', 'block1.rep', 0),
      block3_sepconv2_bn: separable('block2.rep.0', 'block2.rep', 1),
      block4_sepconv2_bn: separable('block3.rep.0', 'block3.rep', 1),
      block13_sepconv2_bn: separable('block12.rep.0', 'block12.rep', 1),
      block14_sepconv2_act: 'act4',
    },
  },
  {
    golden: 'keras.VGG16',
    arch: 'vgg16',
    pixels: null,
    otherTop: 'pre_logits.fc1.weight',
    places: {
      block2_conv2: 'features.8',
      block3_conv3: 'features.15',
      block4_conv3: 'features.22',
      block5_conv3: 'features.29',
      block5_pool: 'features.30',
    },
  },
  {
    golden: 'torchvision.mnasnet1_0',
    arch: 'mnasnet_100',
    pixels: null,
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
  ({ golden: name, arch, pixels, places, otherTop }) => {
    const recorded = golden<BackboneGolden>(`backbones/${name}.json.gz`);
    const layout = name.startsWith('keras.') ? 'NHWC' : 'NCHW';

    it.runIf(recorded.counts)('has its parameters and multiply-accumulates', () => {
      const { size = [224, 224, 3], parameters, macs } = recorded.counts ?? {};
      const counts = countNetwork(() => createClassifier({ arch, classes: 1000, frozen: 'none', seed: 1 }), size);
      expect(counts).toMatchObject({ parameters, macs });
    });

    it.skipIf(recorded.parameters > PARAMETER_LIMIT)('gives the recorded maps and logits', async ({ annotate }) => {
      const network = wholeNetwork(arch);
      const shares: number[] = [];
      try {
        const partial = otherTop === undefined ? [] : [otherTop];
        const { tensors } = convertWeights(fileOf(recorded), network, { partial, preparation: 'own' });
        loadStateDict(network, tensors, { partial: otherTop !== undefined });
        for (const { size, logits, maps } of recorded.cases) {
          tf.tidy(() => {
            const images = prepared(size, arch, pixels);
            const run = { images, ...network.run(images) };
            if (otherTop === undefined) shares.push(expectRecord(run.logits, logits, 'logits', layout));
            expect(maps.map(({ tap }) => tap)).toEqual(Object.keys(places));
            for (const map of maps) {
              shares.push(expectRecord(at(network, run, places[map.tap], arch), map, map.tap, layout));
            }
          });
        }
        await annotate(differenceNote(shares));
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
  network: ReturnType<typeof wholeNetwork>,
  run: { readonly images: tf.Tensor4D; readonly maps: ReadonlyMap<string, tf.Tensor4D> },
  place: Place | undefined,
  arch: BackboneArch,
): tf.Tensor {
  if (place === undefined) throw new Error('a recorded place is unknown');
  if (typeof place === 'string') return run.maps.get(place) as tf.Tensor4D;
  const map = place.after === null ? run.images : (run.maps.get(place.after) as tf.Tensor4D);
  if ('cells' in place) return adaptiveMean(map, [place.cells, place.cells]);
  return place.layers.reduce((input, step) => {
    return step === 'max' ? tf.maxPool(input, 3, 2, 'valid') : convolved(network, input, step, arch);
  }, map);
}

function convolved(
  { parameters }: ReturnType<typeof wholeNetwork>,
  input: tf.Tensor4D,
  { conv, norm, activation, stride = 1, isSeparable }: Convolution,
  arch: BackboneArch,
): tf.Tensor4D {
  const value = <T extends tf.Tensor = tf.Tensor4D>(name: string): T =>
    parameters.get(name)?.variable as tf.Tensor as T;
  const padding = stride === 1 ? 'same' : 'valid';
  const map = isSeparable
    ? tf.separableConv2d(input, value(`${conv}.conv1.weight`), value(`${conv}.pointwise.weight`), 1, 'same')
    : tf.conv2d(input, value(`${conv}.weight`), stride, padding);
  const part = (name: string): tf.Tensor1D => value<tf.Tensor1D>(`${norm}.${name}`);
  const scale = parameters.has(`${norm}.weight`) ? part('weight') : undefined;
  const epsilon = 1e-3; // of every network here whose layers are run one by one
  const normed = tf.batchNorm(map, part('running_mean'), part('running_var'), part('bias'), scale, epsilon);
  return ACTIVATIONS[activation ?? architectureOf(arch).activation](normed);
}
