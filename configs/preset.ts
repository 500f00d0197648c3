import type { SplitSurvey } from '../datasets/check/survey.js';
import type { TaskName } from '../heads/index.js';

/** What a folder and a time make of a config. */
export interface Preset {
  readonly model: { readonly [key: string]: unknown };
  readonly train: { readonly [key: string]: unknown };
  /** One sentence for each choice. */
  readonly reasons: readonly string[];
}

/** What is known or estimated of a task's trainings with EfficientNet-Lite0 on two cores. Figures: configs/RESULTS.md. */
interface Experience {
  /** Head's config. Defaults to the task's. */
  readonly head?: object;
  /** Kind of the head that draws masks of objects. */
  readonly masked?: string;
  readonly why: string;
  /** Pixels that are learned from in a second. */
  readonly pixels: number;
  /** True: a training said so; false: it is estimated from the parts of the network. */
  readonly isMeasured: boolean;
  readonly train: { readonly learningRate: number; readonly backboneRate: number; readonly weightDecay: number };
  /** Sides of the input, pixels. */
  readonly sides: readonly [least: number, most: number];
}

/** Rates of the heads that were measured; the backbone starts from ImageNet. */
const RATES = { learningRate: 0.004, backboneRate: 0.25, weightDecay: 0.05 };

const EXPERIENCE: { readonly [task in TaskName]: Experience } = {
  detection: {
    head: { kind: 'aligned', repeats: 3, activation: 'relu6' },
    why: 'head: aligned, whose AP after as many steps of the drawn cells is 0.68, of retina 0.29, at three quarters of the time',
    pixels: 2.2e6, // 2250 steps of 8 images of 320 x 416 in 1103 s, up to P2 frozen
    isMeasured: true,
    train: RATES,
    sides: [256, 640],
  },
  instances: {
    masked: 'instance',
    why: 'head: instance, the one that gives masks of objects',
    pixels: 1e6,
    isMeasured: false,
    train: RATES,
    sides: [256, 512],
  },
  panoptic: {
    masked: 'panoptic',
    why: 'head: panoptic, the one that tells objects and surfaces apart',
    pixels: 1e6,
    isMeasured: false,
    train: RATES,
    sides: [256, 512],
  },
  segmentation: {
    why: 'head: semantic, cross-entropy and Dice',
    pixels: 1e6, // 960 steps of 8 crops of 256 x 256 in 473 s
    isMeasured: true,
    train: { ...RATES, backboneRate: 0.5 },
    sides: [192, 512],
  },
  classification: {
    why: "head: classification, the end of the backbone's own classifier",
    pixels: 2.4e6,
    isMeasured: false,
    train: { ...RATES, learningRate: 0.001 },
    sides: [128, 224],
  },
};

/** Images of a step, and the fewest steps that a training is to have. */
const [BATCH, FEWEST_STEPS] = [8, 400];
/** Share of the time for steps; the rest opens files, compiles, evaluates and writes. */
const STEPPING = 0.8;
/** Side of an object on the input that is found well: two cells of the finest map, pixels. */
const SEEN = 16;
/** Median side of an object on the input below which masks are made of finer prototypes, pixels. */
const SMALL = 24;
/**
 * Settings of such masks. Four images of nuclei learned by heart in equal minutes: configs/RESULTS.md. On larger inputs a mask at every pixel takes
 * gigabytes.
 */
const fineMasks = (side: number) => ({ prototypeStride: 2, stride: side > 320 ? 2 : 1, places: 48 });
/** Training images below which the first stages stay as ImageNet left them. */
const FEW = 1000;
const MULTIPLE = 32;

/** Head, size and schedule for the training images of a folder and the time there is. */
export function presetFor(
  task: TaskName,
  { images, sides: [, median, longest], boxSides }: Pick<SplitSurvey, 'images' | 'sides' | 'boxSides'>,
  minutes: number,
): Preset {
  const { head, masked, why, pixels, isMeasured, train, sides } = EXPERIENCE[task];
  const seconds = minutes * 60 * STEPPING;
  const batch = Math.max(1, Math.min(BATCH, images));
  const affordable = Math.sqrt((seconds * pixels) / (FEWEST_STEPS * batch));
  const small = boxSides[1];
  const needed = small === undefined ? median : Math.min(longest, (longest * SEEN) / Math.max(1, small));
  const side = Math.min(sides[1], Math.max(sides[0], multipleOf(Math.min(needed, affordable))));
  const steps = Math.max(1, Math.round((seconds * pixels) / (batch * side * side)));
  const epochs = Math.max(1, Math.round((steps * batch) / Math.max(1, images)));
  const isFew = images < FEW;
  const wanted = multipleOf(needed);
  const seen = ((boxSides[2] ?? longest) * side) / longest;
  const fine = masked && seen < SMALL ? { kind: masked, masks: fineMasks(side) } : null;
  const sized = (): string => {
    if (needed > affordable) return `more would leave less than ${FEWEST_STEPS} steps; ${wanted} would show more`;
    if (wanted > sides[1]) return `the largest that is chosen for ${task}; ${wanted} would show more`;
    if (small === undefined) return `the images, ${median} pixels`;
    if (small < SEEN) return `the images, ${longest} pixels; one in ten objects is smaller than ${SEEN} pixels`;
    return `nine of ten objects are then ${SEEN} pixels or more`;
  };
  return {
    model: {
      inputSize: [side, side],
      ...(isFew && { backbone: { frozen: 'P2' } }),
      ...(head && { head }),
      ...(fine && { head: fine }),
    },
    train: {
      ...train,
      minutes,
      batchSize: batch,
      warmupSteps: Math.min(100, Math.ceil(steps / 10)),
      ema: within(1 - 10 / steps, 0.9, 0.9998),
      normMomentum: within(1 - 13 / steps, 0.9, 0.99),
      evaluateEvery: Math.max(1, Math.ceil(epochs / 5)),
    },
    reasons: [
      why,
      `inputSize: ${side}, ${sized()}`,
      ...(fine
        ? [
            `masks: prototypes at every ${fine.masks.prototypeStride} pixels, compared at every ${fine.masks.stride === 1 ? 'one' : fine.masks.stride}, as half of the objects are smaller than ${SMALL} pixels on the input (median ${Math.round(seen)}); steps take longer`,
          ]
        : []),
      `about ${steps} steps of ${batch} images, ${epochs} epochs, as two cores have them in ${minutes} minutes${isMeasured ? '' : `, estimated: nobody has measured ${task}`}; the schedule follows what is measured`,
      isFew
        ? `backbone: up to P2 as ImageNet left it, as there are ${images} images, less than ${FEW}`
        : `backbone: all of it is trained, as there are ${images} images`,
      `averages of weights over a tenth of the steps, of batch norm likewise; five evaluations`,
    ],
  };
}

const multipleOf = (side: number): number => Math.max(MULTIPLE, Math.round(side / MULTIPLE) * MULTIPLE);
const within = (value: number, least: number, most: number): number =>
  Number(Math.min(most, Math.max(least, value)).toPrecision(4));
