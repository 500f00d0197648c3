import * as tf from '@tensorflow/tfjs-core';
import type { ArchitectureOptions, Stage, State } from '../../family.js';
import { ACTIVATIONS, convNorm, dropPath, type MapLayer, sequence, stageOf } from '../../layers/index.js';
import type { Pass } from '../../module.js';
import type { Parameters } from '../../parameters.js';
import { ceiled, type DilatedStage, dropPathRates, strided } from '../../strides.js';
import { LEVELS, type XceptionLevel } from './level.js';
import { ALIGNED, ALIGNED_STEM, ALIGNED_EPSILON as epsilon, type ModuleRow } from './spec.js';

interface ModulePlan extends Omit<ModuleRow, 'stride'>, DilatedStage {
  /** State-dict path, e.g. 'blocks.0'. */
  readonly path: string;
  readonly inChannels: number;
  /** Rate of stochastic depth. */
  readonly dropPath: number;
}

/**
 * Xception as its authors aligned it for segmentation: strided convolutions instead of pooling. Levels are read inside
 * the modules, before the resolution falls, so a stage begins and ends there and hands on the module's input as well.
 *
 * @source Chen et al. 2018, arXiv:1802.02611; feature taps: timm
 */
export function alignedStages(
  arch: keyof typeof ALIGNED,
  { inChannels, outputStride, dropPath: last }: ArchitectureOptions,
): readonly Stage<XceptionLevel>[] {
  const rows: readonly ModuleRow[] = ALIGNED[arch];
  const [first, channels] = ALIGNED_STEM;
  const stem: Stage<XceptionLevel> = {
    paths: ['stem'],
    level: null,
    tap: 'stem',
    channels,
    stride: 2,
    cells: ceiled(2),
    build: (parameters) =>
      stageOf([
        convNorm(parameters, 'stem.0', { ...CONV, stride: 2, inChannels, outChannels: first }),
        convNorm(parameters, 'stem.1', { ...CONV, inChannels: first, outChannels: channels }),
      ]),
  };
  const rates = dropPathRates(last, rows.length);
  const strides = strided(
    rows.map(({ stride }) => stride),
    2,
    outputStride,
  );
  const plans = rows.map((row, i): ModulePlan => {
    const before = rows[i - 1]?.widths[2] ?? channels;
    const dilated = strides[i] ?? { stride: 1, firstDilation: 1, dilation: 1 };
    return { ...row, ...dilated, path: `blocks.${i}`, inChannels: before, dropPath: rates[i] ?? 0 };
  });
  const cuts = rows.flatMap(({ stride }, i) => (stride === 2 ? [i] : []));
  return [stem, ...LEVELS.map((level, i) => levelStage(level, plans, cuts[i - 1], cuts[i]))];
}

const CONV = { kernel: 3, epsilon, activation: 'relu' } as const;

/** Stage from inside the module `from` (undefined: the stem) into the module `to` (undefined: the network's end). */
function levelStage(
  level: XceptionLevel,
  plans: readonly ModulePlan[],
  from?: number,
  to?: number,
): Stage<XceptionLevel> {
  const entered = from === undefined ? undefined : plans[from];
  const whole = plans.slice(from === undefined ? 0 : from + 1, to ?? plans.length);
  const left = to === undefined ? undefined : plans[to];
  const last = plans.at(-1);
  const stride = entered?.stride ?? 1;
  return {
    paths: [
      ...(entered ? [`${entered.path}.stack.conv3`, `${entered.path}.shortcut`] : []),
      ...whole.map(({ path }) => path),
      ...(left ? [`${left.path}.stack.conv1`, `${left.path}.stack.conv2`] : []),
    ],
    level,
    tap: left ? `${left.path}.stack.act3` : (last?.path ?? ''),
    channels: left ? left.widths[1] : (last?.widths[2] ?? 0),
    stride,
    cells: ceiled(stride),
    build: (parameters) => {
      const end = entered && endOf(parameters, entered);
      const modules = whole.map((plan) => [startOf(parameters, plan), endOf(parameters, plan)] as const);
      const start = left && startOf(parameters, left);
      return (state, pass) => {
        let map = end ? end(state, pass) : state[0];
        for (const [before, after] of modules) map = after([before(map, pass), map], pass);
        return start ? [start(map, pass), map] : [map];
      };
    },
  };
}

/** A module up to where its map is read: what the last, strided convolution gets. */
function startOf(parameters: Parameters, plan: ModulePlan): MapLayer {
  const before = plan.isResidual ? [ACTIVATIONS.relu] : [];
  return sequence([...before, separable(parameters, plan, 0), ...before, separable(parameters, plan, 1), ...before]);
}

/** The rest of a module, of that map and of the module's input. */
function endOf(parameters: Parameters, plan: ModulePlan): (state: State, pass: Pass) => tf.Tensor4D {
  const { path, stride, inChannels, widths } = plan;
  const body = separable(parameters, plan, 2);
  if (!plan.isResidual) return ([map], pass) => body(map, pass);
  const outChannels = widths[2];
  const changes = stride !== 1 || inChannels !== outChannels;
  const shortcut = changes
    ? convNorm(parameters, `${path}.shortcut`, { kernel: 1, stride, epsilon, inChannels, outChannels })
    : (map: tf.Tensor4D) => map;
  const drop = dropPath<tf.Tensor4D>(path, plan.dropPath);
  return ([map, input = map], pass) =>
    tf.tidy(() => tf.add<tf.Tensor4D>(drop(body(map, pass), pass), shortcut(input, pass)));
}

function separable(parameters: Parameters, plan: ModulePlan, index: 0 | 1 | 2): MapLayer {
  const { widths, firstDilation: dilation, isResidual } = plan;
  const inChannels = index === 0 ? plan.inChannels : widths[index === 1 ? 0 : 1];
  const name = `${plan.path}.stack.conv${index + 1}`;
  const shared = { epsilon, inChannels, ...(isResidual ? {} : { activation: 'relu' as const }) };
  const window = { kernel: 3, stride: index === 2 ? plan.stride : 1, dilation, depthwise: true };
  return sequence([
    convNorm(parameters, name, { ...shared, ...window, outChannels: inChannels, names: ['conv_dw', 'bn_dw'] }),
    convNorm(parameters, name, { ...shared, kernel: 1, outChannels: widths[index], names: ['conv_pw', 'bn_pw'] }),
  ]);
}
