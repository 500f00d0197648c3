import * as z from 'zod';
import { withoutDrawing } from '../backbones/parameters.js';
import { isOverlapping } from '../datasets/overlap.js';
import { type ClassMap, countThings, type LabelMap, type Pixels } from '../datasets/sample.js';
import type { Tree } from '../engine/compile.js';
import { ConfigError, WeightsError } from '../engine/errors.js';
import {
  createModel,
  type DescribeOptions,
  type FoundObject,
  headOf,
  type Model,
  modelConfig,
  type Task,
} from '../heads/index.js';
import { readSafetensors } from '../weights/index.js';
import { loadCheckpoint } from './checkpointWeights.js';
import { decodeBlob, type MemoryImage, pixelsOf } from './imageSource.js';
import { createPredictor } from './predictor.js';

/** Coarsest stride of a network: what the sides of an input of any size are multiples of, pixels. */
const COARSEST_STRIDE = 32;

/** A trained network, ready to use. An engine must be open as long as it is used. */
export interface OpenedModel<Result, Image = Blob | MemoryImage> {
  readonly labels: LabelMap;
  readonly task: Task;
  /** @throws DataError or ShapeError for an image that cannot be read */
  predict(image: Image): Promise<Result>;
  dispose(): void;
}

export interface OpenCheckpointOptions {
  /** Lowest score of what is found. Defaults to what the run's config says, or 0.3. */
  readonly threshold?: number | undefined;
}

/** A network that answers, with the classes it was trained for. */
export interface Answering {
  readonly labels: LabelMap;
  readonly task: Task;
  readonly threshold: number;
  answer(images: readonly Pixels[]): Promise<readonly unknown[]>;
  /** Whether images keep their own depth: see `decodeDeep`. */
  isDeep(): boolean;
  dispose(): void;
}

/** What a checkpoint says of the network it belongs to; the rest of it is for training. */
const recordSchema = z.object({
  classes: z
    .array(
      z.object({
        id: z.int(),
        name: z.string(),
        isStuff: z.literal(true).optional(),
        overlaps: z.literal(true).optional(),
      }),
    )
    .min(1)
    .max(100_000),
  preprocessing: z.object({ mean: z.array(z.number()).min(1).max(64) }),
  config: z.object({
    model: z.object(modelConfig.shape),
    augment: z.object({ fit: z.enum(['letterbox', 'native']).nullable().default(null) }).default({ fit: null }),
    evaluate: z.object({ drawThreshold: z.number().min(0).max(1).default(0.3) }).default({ drawThreshold: 0.3 }),
  }),
});

/**
 * Builds the network that a run's checkpoint describes, with its averaged weights.
 *
 * @param bytes of a file below `checkpoints` of a run
 * @throws WeightsError when they are damaged, or say nothing of their network; ConfigError when a part of it is a module's
 */
function openCheckpoint(bytes: Uint8Array, { threshold }: OpenCheckpointOptions): Answering {
  const { tensors, metadata } = readSafetensors(bytes);
  const { classes, preprocessing, config } = recordOf(metadata.espalier);
  const { augment, evaluate } = config;
  const inChannels = preprocessing.mean.length;
  const network = { ...config.model, backbone: { ...config.model.backbone, inChannels } };
  const { task } = headOf(network.head);
  const things = countThings({ classes });
  const { model, inputSize } = withoutDrawing(() =>
    createModel(network, { classes: classes.length, things, overlaps: isOverlapping({ classes }) }),
  );
  try {
    loadCheckpoint(model, { tensors, metadata });
  } catch (error) {
    model.dispose();
    throw error;
  }
  const predictor = createPredictor(model as unknown as Model<Tree>, {
    inputSize,
    mode: task.isFullyConvolutional ? (augment.fit ?? task.augmentation.fit) : 'letterbox',
    multiple: COARSEST_STRIDE,
    batchSize: 1,
  });
  return {
    labels: { classes },
    task,
    threshold: threshold ?? evaluate.drawThreshold,
    answer: (images) => predictor.predict(images),
    isDeep: () => model.preprocessing.depth === 'own',
    dispose: () => {
      predictor.dispose();
      model.dispose();
    },
  };
}

function recordOf(text: string | undefined): z.output<typeof recordSchema> {
  const read = recordSchema.safeParse(parse(text ?? 'null'));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new WeightsError(
    `the file says nothing of its network (${issue?.path.join('.') || 'metadata'}: ${issue?.message}): open a checkpoint of espalier train, or build the network and loadWeights`,
  );
}

/** null: no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Answers for one image at a time, in the words of the task. @throws ConfigError when it is for another task */
export function opened<Result, Image>(
  trained: Answering,
  source: string,
  wanted: string,
  read: (result: unknown, task: Task, options: DescribeOptions) => Result,
  pixels: (image: Image, isDeep: boolean) => Promise<Pixels>,
): OpenedModel<Result, Image> {
  const { task, labels, threshold } = trained;
  if (task.name !== wanted) {
    trained.dispose();
    throw new ConfigError(`${source} is trained for ${task.name}, not for ${wanted}`);
  }
  const names = labels.classes.map(({ name }) => name);
  return {
    labels,
    task,
    predict: async (image) => {
      const [result] = await trained.answer([await pixels(image, trained.isDeep())]);
      return read(result, task, { names, threshold });
    },
    dispose: () => trained.dispose(),
  };
}

/** The objects in what a detector answers. */
export const objectsIn = (result: unknown, { describe }: Task, told: DescribeOptions): readonly FoundObject[] =>
  describe(result, told).value.detections as readonly FoundObject[];

/** The class map in what a segmenter answers. */
export function classMapIn(result: unknown, { describe }: Task, told: DescribeOptions): ClassMap {
  const { classMap } = describe(result, told).overlay;
  if (!classMap) throw new ConfigError('the segmenter gives no class map');
  return classMap;
}

/** A checkpoint: its bytes, a file that a user chose, or the address it is fetched from. */
export type CheckpointSource = Uint8Array | ArrayBuffer | Blob | URL | string;

/** Largest checkpoint that is opened. */
const MAX_BYTES = 2 ** 31;

/** The bytes of a checkpoint. @throws WeightsError when it cannot be fetched */
export async function checkpointBytes(source: CheckpointSource): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  const body = source instanceof Blob ? source : await fetched(source);
  const size = body instanceof Blob ? body.size : Number(body.headers.get('content-length') ?? 0);
  if (size > MAX_BYTES)
    throw new WeightsError(`the checkpoint has ${size} bytes, more than the ${MAX_BYTES} that are opened`);
  return new Uint8Array(await body.arrayBuffer());
}

async function fetched(address: URL | string): Promise<Response> {
  const response = await fetch(address).catch((error: unknown) => {
    throw new WeightsError(`${address} cannot be fetched (${error instanceof Error ? error.message : error})`);
  });
  if (response.ok) return response;
  throw new WeightsError(`${address} cannot be fetched: the server answers ${response.status} ${response.statusText}`);
}

const imageIn = (image: Blob | MemoryImage): Promise<Pixels> =>
  image instanceof Blob ? decodeBlob(image) : pixelsOf(image);
const nameOf = (source: CheckpointSource): string =>
  typeof source === 'string' || source instanceof URL ? String(source) : 'the checkpoint';

/**
 * Opens a trained detector: `await detector.predict(canvas)` gives the objects that it finds, best first.
 *
 * @param source a checkpoint of a run: its bytes, a Blob, or its address
 * @throws WeightsError when it cannot be had or is none; ConfigError when it is for another task
 */
export async function openDetector(
  source: CheckpointSource,
  options: OpenCheckpointOptions = {},
): Promise<OpenedModel<readonly FoundObject[]>> {
  const trained = openCheckpoint(await checkpointBytes(source), options);
  return opened(trained, nameOf(source), 'detection', objectsIn, imageIn);
}

/**
 * Opens a trained segmenter: `await segmenter.predict(canvas)` gives the class of every pixel.
 *
 * @param source a checkpoint of a run: its bytes, a Blob, or its address
 * @throws WeightsError when it cannot be had or is none; ConfigError when it is for another task
 */
export async function openSegmenter(
  source: CheckpointSource,
  options: OpenCheckpointOptions = {},
): Promise<OpenedModel<ClassMap>> {
  const trained = openCheckpoint(await checkpointBytes(source), options);
  return opened(trained, nameOf(source), 'segmentation', classMapIn, imageIn);
}

/** The network of a checkpoint in memory, for whoever reads images in a way of his own. */
export const openBytes = async (
  source: Uint8Array | ArrayBuffer | Blob,
  options: OpenCheckpointOptions,
): Promise<Answering> => openCheckpoint(await checkpointBytes(source), options);
