import { averagePooling, convNorm, joined, type MapLayer, maxPooling, sequence } from '../../layers/index.js';
import type { Parameters } from '../../parameters.js';
import { type ConvolutionStep, EPSILON, type Flavour, type ModuleRow, type Step } from './spec.js';

/** Pooling between stages and inside modules, without padding. */
export const POOLING = { window: 3, stride: 2 } as const;
export const normOf = ({ hasScale }: Flavour) => ({ epsilon: EPSILON, hasScale, activation: 'relu' }) as const;

/** Channels a module gives. */
export function widthOf({ branches }: ModuleRow, inChannels: number): number {
  const widths = branches.map((steps) => steps.reduce((channels, step) => widthAfter(step, channels), inChannels));
  return widths.reduce((sum, width) => sum + width, 0);
}

function widthAfter(step: Step, inChannels: number): number {
  if (typeof step === 'string') return inChannels;
  return ('name' in step ? [step] : step).reduce((sum, { channels }) => sum + channels, 0);
}

/** @source Szegedy et al. 2016, arXiv:1512.00567 */
export function inceptionModule(
  parameters: Parameters,
  row: ModuleRow,
  flavour: Flavour,
  inChannels: number,
): MapLayer {
  return joined(
    row.branches.map((steps) => {
      let channels = inChannels;
      return sequence(
        steps.map((step) => {
          const from = channels;
          channels = widthAfter(step, from);
          return layerOf(step, flavour, from, { parameters, path: row.name });
        }),
      );
    }),
  );
}

function layerOf(
  step: Step,
  flavour: Flavour,
  inChannels: number,
  { parameters, path }: { readonly parameters: Parameters; readonly path: string },
): MapLayer {
  if (step === 'mean') {
    return averagePooling({ window: 3, stride: 1, padding: 1, countPadding: flavour.countPadding });
  }
  if (step === 'max') return maxPooling(POOLING);
  const convolve = ({ name, kernel, channels, stride }: ConvolutionStep): MapLayer =>
    convNorm(parameters, `${path}.${name}`, {
      kernel,
      stride,
      padding: stride > 1 ? 'valid' : 'symmetric',
      inChannels,
      outChannels: channels,
      ...normOf(flavour),
    });
  return 'name' in step ? convolve(step) : joined(step.map(convolve));
}
