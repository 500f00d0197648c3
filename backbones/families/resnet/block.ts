import {
  ACTIVATIONS,
  type ConvNormOptions,
  convNorm,
  type MapLayer,
  residual,
  sequence,
  squeezeExcite,
} from '../../layers/index.js';
import type { Parameters } from '../../parameters.js';
import type { BlockPlace } from '../../places.js';
import { EPSILON, EXPANSION, type ResNetRow } from './spec.js';

/** What all convolutions of a network have in common. */
const settingsOf = ({ bias = false, epsilon = EPSILON }: ResNetRow) => ({ bias, epsilon });

/** 7x7 convolution of stride 2. */
export function stem(parameters: Parameters, row: ResNetRow, inChannels: number, outChannels: number): MapLayer {
  const names = ['conv1', 'bn1'] as const;
  const window = { kernel: 7, stride: 2, inChannels, outChannels };
  return convNorm(parameters, '', { ...window, names, activation: 'relu', ...settingsOf(row) });
}

/**
 * @param path of its parameters, e.g. 'layer2.0'
 * @source He et al. 2016, arXiv:1512.03385, figure 5; the stride in the 3x3 convolution: PyTorch's, unless the row says
 */
export function block(parameters: Parameters, path: string, row: ResNetRow, place: BlockPlace): MapLayer {
  const { stride, dilation, lastDilation, inChannels, outChannels, dropPath } = place;
  const width = outChannels / EXPANSION[row.block];
  const part = (index: number, options: Omit<ConvNormOptions, 'names'>): MapLayer =>
    convNorm(parameters, path, { ...options, names: [`conv${index}`, `bn${index}`] });
  const settings = settingsOf(row);
  const relu = { activation: 'relu', ...settings } as const;
  const last = { outChannels, ...settings };
  const [first, second] = row.stridesFirst ? [stride, 1] : [1, stride];
  const body =
    row.block === 'basic'
      ? [
          part(1, { kernel: 3, stride, dilation, inChannels, outChannels: width, ...relu }),
          part(2, { kernel: 3, dilation: lastDilation, inChannels: width, ...last }),
        ]
      : [
          part(1, { kernel: 1, stride: first, inChannels, outChannels: width, ...relu }),
          part(2, { kernel: 3, stride: second, dilation, inChannels: width, outChannels: width, ...relu }),
          part(3, { kernel: 1, inChannels: width, ...last }),
        ];
  const squeeze = row.squeeze
    ? squeezeExcite(parameters, `${path}.se`, {
        channels: outChannels,
        reduced: outChannels * row.squeeze,
        activation: 'relu',
        names: ['fc1', 'fc2'],
      })
    : null;
  const shortcut =
    stride !== 1 || inChannels !== outChannels
      ? convNorm(parameters, `${path}.downsample`, { kernel: 1, stride, inChannels, names: ['0', '1'], ...last })
      : null;
  return residual(sequence(squeeze ? [...body, squeeze] : body), {
    path,
    dropPath,
    activation: ACTIVATIONS.relu,
    ...(shortcut ? { shortcut } : {}),
  });
}
