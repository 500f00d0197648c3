import * as z from 'zod';

/** What a schedule must know beside its own settings. */
export interface ScheduleRun {
  readonly warmupSteps: number;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** Share of the rate that is left at the end. */
  readonly finalRate: number;
}

const share = z.number().gt(0).lt(1);

export const scheduleConfigs = {
  cosine: z.strictObject({ kind: z.literal('cosine') }),
  exponential: z.strictObject({
    kind: z.literal('exponential'),
    decay: share.default(0.97).describe('Factor on the rate, above 0 to below 1'),
    everyEpochs: z
      .number()
      .positive()
      .max(10_000)
      .default(2.4)
      .describe('Epochs after which it is applied, from the first step on'),
  }),
  poly: z.strictObject({
    kind: z.literal('poly'),
    power: z
      .number()
      .positive()
      .max(10)
      .default(0.9)
      .describe('Power of the share of steps that are left, above 0 to 10'),
  }),
  'one-cycle': z.strictObject({
    kind: z.literal('one-cycle'),
    rise: share.default(0.3).describe('Share of the steps in which the rate rises, in place of warmupSteps'),
    startDivisor: z
      .number()
      .min(1)
      .max(1e6)
      .default(25)
      .describe('The first rate is learningRate divided by it, 1..1000000'),
    endDivisor: z.number().min(1).max(1e12).default(10_000).describe('The last rate is the first divided by it'),
  }),
  'flat-cosine': z.strictObject({
    kind: z.literal('flat-cosine'),
    flat: share.default(0.72).describe('Share of the steps after the warm-up at the full rate, before the cosine'),
  }),
  constant: z.strictObject({ kind: z.literal('constant') }),
  plateau: z.strictObject({
    kind: z.literal('plateau'),
    factor: share.default(0.1).describe('Factor on the rate where evaluations get no better, above 0 to below 1'),
    patience: z
      .int()
      .min(0)
      .max(1000)
      .default(3)
      .describe('Evaluations without a better one that are borne before, 0..1000'),
  }),
} as const;

type Kind = keyof typeof scheduleConfigs;
type ConfigOf<K extends Kind> = z.output<(typeof scheduleConfigs)[K]>;
export type ScheduleConfig = ConfigOf<Kind>;

/** Share of the peak rate at step 0, 1, 2, ... */
type Factors<Config> = (config: Config, run: ScheduleRun) => (step: number) => number;

/** Half a cosine from `from` to `to`. */
const cosine = (from: number, to: number, progress: number): number =>
  to + (from - to) * 0.5 * (1 + Math.cos(Math.PI * progress));

/** Linear up to 1, then what `after` makes of the steps that follow. */
function warmed({ warmupSteps, totalSteps }: ScheduleRun, after: (progress: number, step: number) => number) {
  const warmup = Math.min(warmupSteps, totalSteps);
  return (step: number): number => {
    if (step < warmup) return (step + 1) / warmup;
    return after(Math.min(1, (step - warmup) / Math.max(1, totalSteps - warmup)), step);
  };
}

/**
 * Every schedule there is, by its kind.
 *
 * @source warm-up: Goyal et al. 2017, arXiv:1706.02677; cosine: Loshchilov and Hutter 2016, arXiv:1608.03983, equation 5;
 * exponential: the EfficientNet release (Tan and Le 2019, arXiv:1905.11946, section 5), in steps; poly: Chen et al. 2016,
 * arXiv:1606.00915; one-cycle: Smith and Topin 2017, arXiv:1708.07120, as PyTorch's `OneCycleLR`
 */
export const SCHEDULES: { readonly [K in Kind]: Factors<ConfigOf<K>> } = {
  cosine: (_, run) => warmed(run, (progress) => cosine(1, run.finalRate, progress)),
  exponential: ({ decay, everyEpochs }, run) =>
    warmed(run, (_progress, step) => decay ** Math.floor(step / (everyEpochs * run.stepsPerEpoch) + 1e-9)),
  poly: ({ power }, run) => warmed(run, (progress) => run.finalRate + (1 - run.finalRate) * (1 - progress) ** power),
  'one-cycle': ({ rise, startDivisor, endDivisor }, { totalSteps }) => {
    const [start, end] = [1 / startDivisor, 1 / (startDivisor * endDivisor)];
    const [top, last] = [rise * totalSteps - 1, totalSteps - 1];
    return (step) => {
      if (step <= top) return cosine(start, 1, step / top);
      return cosine(1, end, Math.min(1, (step - top) / Math.max(1e-9, last - top)));
    };
  },
  'flat-cosine': ({ flat }, run) =>
    warmed(run, (progress) => cosine(1, run.finalRate, Math.max(0, (progress - flat) / (1 - flat)))),
  constant: (_, run) => warmed(run, () => 1),
  plateau: (_, run) => warmed(run, () => 1),
};

/** The part of the rate that a config's schedule leaves at each step. */
export function factorsOf(config: ScheduleConfig, run: ScheduleRun): (step: number) => number {
  const factors = SCHEDULES[config.kind] as Factors<ScheduleConfig>; // kind and config belong together
  return factors(config, run);
}
