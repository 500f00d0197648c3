import { ACTIVATIONS, convNorm, type MapLayer, residual, sequence, squeezeExcite } from '../../layers/index.js';
import type { Parameters } from '../../parameters.js';
import type { BlockPlace } from '../../places.js';
import { EPSILON, SQUEEZE } from './spec.js';

/**
 * ResNet's bottleneck of one width, in groups, with squeeze-excite behind the 3x3 convolution.
 *
 * @param path of its parameters, e.g. 's2.b1'
 * @source Radosavovic et al. 2020, arXiv:2003.13678, figure 4 and section 4
 */
export function block(parameters: Parameters, path: string, group: number, place: BlockPlace): MapLayer {
  const { stride, dilation, inChannels, outChannels, dropPath } = place;
  const own = { outChannels, epsilon: EPSILON } as const;
  const inner = { ...own, inChannels: outChannels, activation: 'relu' } as const;
  const body = sequence([
    convNorm(parameters, `${path}.conv1`, { kernel: 1, ...inner, inChannels }),
    convNorm(parameters, `${path}.conv2`, { kernel: 3, stride, dilation, groups: outChannels / group, ...inner }),
    squeezeExcite(parameters, `${path}.se`, {
      channels: outChannels,
      reduced: Math.round(inChannels * SQUEEZE),
      activation: 'relu',
      names: ['fc1', 'fc2'],
    }),
    convNorm(parameters, `${path}.conv3`, { kernel: 1, inChannels: outChannels, ...own }),
  ]);
  const options = { path, dropPath, activation: ACTIVATIONS.relu };
  if (stride === 1 && inChannels === outChannels) return residual(body, options);
  const shortcut = convNorm(parameters, `${path}.downsample`, { kernel: 1, stride, inChannels, ...own });
  return residual(body, { ...options, shortcut });
}
