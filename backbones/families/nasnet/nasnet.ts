import { keysOf } from '../../../engine/checked.js';
import { SYMMETRIC } from '../../backbone.js';
import type { Family, Stage } from '../../family.js';
import { ACTIVATIONS, convNorm, denseTop, stageOf } from '../../layers/index.js';
import { ceiled, windowed } from '../../strides.js';
import { type CellPlan, cell } from './cell.js';
import { EPSILON, INPUT_PIXELS, type NasNetArch, NETWORKS, type NetworkSpec } from './spec.js';

const LEVELS = ['P1', 'P2', 'P3', 'P4', 'P5'] as const;
export type NasNetLevel = (typeof LEVELS)[number];

/**
 * NASNet-A and PNASNet-5; parameters named as in timm (`cell_0.comb_iter_0_left.separable_1.depthwise_conv2d.weight`).
 * A cell sees the maps of the two cells before it, so a stage hands on both.
 *
 * @source Zoph et al. 2018, arXiv:1707.07012; Liu et al. 2018, arXiv:1712.00559; feature taps: timm
 */
export const nasNet: Family<NasNetArch, NasNetLevel> = {
  archs: keysOf(NETWORKS),
  levels: LEVELS,
  outputStrides: [],
  architecture: (arch, { inChannels }) => {
    const network: NetworkSpec = NETWORKS[arch];
    const stages = [stemOf(network, inChannels), ...stagesOf(network)];
    return {
      inputPixels: INPUT_PIXELS,
      preprocessing: SYMMETRIC,
      activation: 'relu',
      stem: `${network.stem[0]}.conv`,
      stages,
      top: denseTop({ channels: stages.at(-1)?.channels ?? 0, classifier: 'last_linear' }),
    };
  },
};

function stemOf({ stem: [path, channels] }: NetworkSpec, inChannels: number): Stage<NasNetLevel> {
  return {
    paths: [path],
    level: 'P1',
    tap: path,
    channels,
    stride: 2,
    cells: windowed(3, 2, 0),
    build: (parameters) =>
      stageOf([
        convNorm(parameters, path, {
          kernel: 3,
          stride: 2,
          padding: 'valid',
          inChannels,
          outChannels: channels,
          epsilon: EPSILON,
        }),
      ]),
  };
}

function stagesOf(network: NetworkSpec): readonly Stage<NasNetLevel>[] {
  const { levels, skipsBack } = network;
  return plansOf(network).map((plans, i): Stage<NasNetLevel> => {
    const next = levels[i + 1]?.[0];
    return {
      paths: plans.map(({ path }) => path),
      level: LEVELS[i + 1] ?? null,
      tap: next === undefined ? 'act' : `${next}.conv_1x1.act`,
      channels: plans.at(-1)?.channels ?? 0,
      stride: 2,
      cells: ceiled(2),
      build: (parameters) => {
        const cells = plans.map((plan) => cell(parameters, network, plan));
        return ([first, before = first], pass) => {
          let [current, previous] = [first, before];
          for (const [index, run] of cells.entries()) {
            const map = run(current, previous, pass);
            // The first cell of all gets one map, as it is; what comes after gets rectified ones.
            if (i === 0) previous = ACTIVATIONS.relu(current);
            else if (!(skipsBack && i > 1 && index === 0)) previous = current;
            current = map;
          }
          return [current, previous];
        };
      },
    };
  });
}

/** Widths of the cells of P2 to P5, but for the first of P3, in units of `channels`. */
const WIDTHS = [1 / 4, 1, 2, 4] as const;

/** The cells of P2 to P5. */
function plansOf({ normal, reduction, stem, levels, channels, skipsBack }: NetworkSpec): readonly CellPlan[][] {
  let current = { channels: stem[1], level: 0 };
  let previous: typeof current | undefined;
  return levels.map((paths, i) =>
    paths.map((path, index) => {
      const isReduction = index === 0;
      const spec = isReduction ? reduction : normal;
      const width = channels * (i === 1 && isReduction ? 1 / 2 : (WIDTHS[i] ?? 1));
      const plan: CellPlan = {
        path,
        spec,
        stride: isReduction ? 2 : 1,
        width,
        current: current.channels,
        ...(previous ? { previous: previous.channels } : {}),
        isHalving: previous !== undefined && previous.level < current.level,
        channels: width * spec.joins.length,
      };
      if (!(skipsBack && i > 1 && isReduction)) previous = current;
      current = { channels: plan.channels, level: i + 1 };
      return plan;
    }),
  );
}
