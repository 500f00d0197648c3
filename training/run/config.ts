import * as z from 'zod';
import { OPTIMIZER_NAMES } from '../optimizers.js';
import { scheduleConfigs } from '../schedules.js';

type ScheduleSchema = (typeof scheduleConfigs)[keyof typeof scheduleConfigs];

const fraction = (fallback: number, text: string) => z.number().min(0).max(1).default(fallback).describe(text);
const count = (fallback: number, text: string) => z.int().min(1).max(1_000_000).default(fallback).describe(text);
const beta = z.number().min(0).lt(1).nullable().default(null);
const limit = z.int().min(1).max(1_000_000).nullable().default(null);

/** How to train, in a config file; an unknown key is an error. The only place of these defaults. */
export const trainConfig = z.strictObject({
  epochs: limit.describe(
    'Passes over the training images, 1..1000000; null: 50, or as many as there is time for in train.minutes',
  ),
  batchSize: z
    .union([z.literal('auto'), z.int().min(1).max(1024)])
    .default(8)
    .describe(
      'Images per step, over all processes of a cluster together, 1..1024; auto: as many as the memory has room for, at most 32 and an eighth of the images, with learningRate taken for 8',
    ),
  accumulate: z
    .int()
    .min(1)
    .max(1024)
    .default(1)
    .describe(
      'Equal parts of a batch that are computed one after the other, in the memory of one: the step is that of the whole batch, but for the statistics of batch norm and the pixels that lovasz sorts; 1..1024, a divisor of batchSize',
    ),
  optimizer: z
    .enum(OPTIMIZER_NAMES as [...typeof OPTIMIZER_NAMES])
    .default('adamw')
    .describe(
      "sgd, adamw, rmsprop (the EfficientNet release's), lamb (for large batches) or lion (with a tenth of the rate)",
    ),
  learningRate: z
    .number()
    .positive()
    .max(10)
    .default(0.001)
    .describe('Peak learning rate, above 0 to 10, after the warm-up'),
  referenceBatch: limit.describe(
    'Batch size that learningRate was tuned for: the rate is multiplied by batchSize / it; null: as written',
  ),
  backboneRate: fraction(1, "The backbone's learning rate as a fraction of learningRate, 0..1"),
  layerDecay: z
    .number()
    .positive()
    .max(1)
    .default(1)
    .describe(
      "Factor on the backbone's rate from each of its stages to the one before it, above 0 to 1: the last learns at backboneRate times it, the first slowest; 1: all alike",
    ),
  unfreezeAt: z
    .number()
    .gt(0)
    .lt(1)
    .nullable()
    .default(null)
    .describe(
      'Share of the steps in which the backbone is frozen, batch norm included, before it is trained, too, with a fresh optimizer and another warm-up; above 0 to below 1; null: none',
    ),
  momentum: fraction(0.9, 'sgd, rmsprop: momentum, 0..1'),
  nesterov: z.boolean().default(false).describe("sgd: true: Nesterov's momentum"),
  beta1: beta.describe('adamw, lamb, lion: decay of the mean gradient, 0 to below 1; null: 0.9'),
  beta2: beta.describe(
    'Decay of the mean square, 0 to below 1, of lion of the momentum; null: 0.999 in adamw and lamb, 0.99 in lion, 0.9 in rmsprop',
  ),
  epsilon: z
    .number()
    .positive()
    .max(1)
    .nullable()
    .default(null)
    .describe(
      'Keeps divisions finite, above 0 to 1; null: 1e-8 in adamw, 1e-6 in lamb, 1e-3 in rmsprop, inside the root',
    ),
  weightDecay: fraction(
    0.01,
    'Decay of weights (never biases, norms), 0..1; decoupled in adamw, lamb and lion, else added to the gradient',
  ),
  warmupSteps: z.int().min(0).max(1_000_000).default(100).describe('Steps of linear warm-up, 0..1000000'),
  schedule: z
    .discriminatedUnion(
      'kind',
      Object.values(scheduleConfigs) as unknown as readonly [ScheduleSchema, ...ScheduleSchema[]],
    )
    .prefault({ kind: 'cosine' })
    .describe('Learning rate after the warm-up'),
  finalRate: fraction(0, 'End of cosine, flat-cosine and poly as a fraction of learningRate, 0..1'),
  clipNorm: z.number().positive().nullable().default(10).describe('Global norm gradients are clipped to; null: never'),
  ema: z
    .number()
    .min(0)
    .lt(1)
    .nullable()
    .default(0.995)
    .describe('Decay per step of the averaged weights that are evaluated, 0..1, warmed up; null: no averaging'),
  normMomentum: z
    .number()
    .min(0)
    .lt(1)
    .default(0.95)
    .describe(
      "Kept share per step of batch norm's moving statistics, 0..1; 0.99 in the EfficientNet release, for long runs",
    ),
  syncNorm: z
    .boolean()
    .default(false)
    .describe(
      "Training in several processes: batch norm takes the statistics of all processes' images; false: each of its own",
    ),
  peerTimeout: z
    .number()
    .min(1)
    .max(86_400)
    .default(120)
    .describe(
      'Training in several processes: seconds after which one that does not start or answer is given up, 1..86400',
    ),
  recompute: z
    .boolean()
    .default(false)
    .describe(
      "true: the backbone's activations are computed again in the backward pass instead of kept; less memory, more time, the same weights",
    ),
  cachedViews: z
    .int()
    .min(0)
    .max(1000)
    .default(0)
    .describe(
      'Views of each image whose maps of a frozen backbone are computed once and kept in memory, so that steps are those of neck and head: 1: the image as it is; more: each changed in its own way; 0..1000; 0: none are kept',
    ),
  progressive: z
    .strictObject({
      stages: z
        .int()
        .min(1)
        .max(16)
        .default(1)
        .describe('Stages of equal length, 1..16; 1: all images alike; 4 in EfficientNetV2'),
      size: z
        .number()
        .min(0.1)
        .max(1)
        .default(0.5)
        .describe('Sides of the input in the first stage, as a share of model.inputSize, 0.1..1'),
      strength: fraction(
        0.33,
        'Magnitude of RandAugment and dropout of the head in the first stage, as a share of the last, 0..1; mixup and cutmix grow from none',
      ),
    })
    .prefault({})
    .describe(
      'Progressive learning of EfficientNetV2: small images that are changed little, then larger ones that are changed more; evaluations are at model.inputSize',
    ),
  sam: z
    .number()
    .positive()
    .max(10)
    .nullable()
    .default(null)
    .describe(
      'Sharpness-aware minimisation: gradients are those at the steepest point within this distance of the weights (0.05 in the paper), for twice the time of a step; above 0 to 10; null: where the weights are',
    ),
  teacher: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Folder of a run with the same head, levels and classes, whose answers for the changed images are learned, too; null: none',
    ),
  teacherWeight: z
    .number()
    .positive()
    .max(1000)
    .default(1)
    .describe("Of the teacher's answers in the loss, above 0 to 1000"),
  teacherTemperature: z
    .number()
    .min(1)
    .max(100)
    .default(2)
    .describe('Divides logits of classes that exclude each other before they are compared, 1..100'),
  seed: z.int().min(0).max(4_294_967_295).default(1).describe('Of weights, order and augmentation, 0..4294967295'),
  workers: z
    .int()
    .min(0)
    .max(64)
    .nullable()
    .default(null)
    .describe('Threads that decode images, 0..64 (0: in the main thread); null: one fewer than cores, at most 4'),
  cacheMegabytes: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(512)
    .describe('Memory for decoded images that are used again in the next epoch, MiB, 0..1000000'),
  evaluateEvery: count(5, 'Epochs between evaluations on val, 1..1000000; the last epoch is always evaluated'),
  patience: limit.describe(
    'Evaluations without a better one after which the training ends, 1..1000000; null: it goes on to its end',
  ),
  checkpointEvery: limit.describe('Steps between checkpoints, 1..1000000; null: one a minute'),
  tensorboard: z
    .boolean()
    .default(false)
    .describe(
      "true: the run's folder gets `tensorboard`, event files that TensorBoard reads, and the same as scalars.csv",
    ),
  minutes: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe(
      'Time to train in, evaluations and checkpoints included, minutes: the schedule is laid over as many steps as fit, measured on the way, and a resumed run has what was left; null: when the epochs are done',
    ),
});
export type TrainConfig = z.output<typeof trainConfig>;
