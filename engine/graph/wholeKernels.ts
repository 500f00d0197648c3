import { SHAPE_RULES, type ShapeKernel } from '../shapes/kernels.js';
import { convolutionInfo } from '../windows.js';

const same: ShapeKernel['rule'] = ([x = []]) => ({ shapes: [x] });

/**
 * Kernels of `engine/kernels` that formats of networks have an operator for, so that they are recorded whole; all others are
 * recorded as the plain kernels that they are made of.
 */
export const WHOLE_KERNELS: { readonly [kernel: string]: ShapeKernel } = {
  EspalierHardSigmoid: { inputs: ['x'], rule: same },
  EspalierHardSwish: { inputs: ['x'], rule: same },
  EspalierGroupConv2D: {
    inputs: ['x', 'filter'],
    rule: ([x = [], filter = []], { stride: strides, padding: pad }) => {
      const [, , perGroup = 0] = filter;
      return { shapes: [convolutionInfo([...x.slice(0, 3), perGroup], filter, { strides, pad }).outShape] };
    },
  },
  EspalierGroupNorm: {
    inputs: ['x', 'scale', 'shift'],
    rule: ([x = []]) => {
      const statistics = [x[0] ?? 0, 1, 1, x[3] ?? 0];
      return { shapes: [x, statistics, statistics] };
    },
  },
  EspalierLayerNorm: {
    inputs: ['x', 'scale', 'shift'],
    rule: ([x = []]) => ({ shapes: [x, [x[0] ?? 0, 1], [x[0] ?? 0, 1]] }),
  },
  EspalierUpsampleAdd: { inputs: ['small', 'large'], rule: ([, large = []]) => ({ shapes: [large] }) },
};

/** Every kernel that a graph may hold. */
export const GRAPH_RULES: { readonly [kernel: string]: ShapeKernel } = { ...SHAPE_RULES, ...WHOLE_KERNELS };
