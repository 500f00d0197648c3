import type {
  ClassMap,
  ClassScores,
  Detections,
  Instances,
  LabelMap,
  Panoptic,
  Pixels,
} from '../../datasets/sample.js';
import { ConfigError, EngineError, WeightsError } from '../../engine/errors.js';
import { shownName } from '../../engine/printable.js';
import type { TaskName } from '../../heads/tasks/names.js';
import type { DescribeOptions } from '../../heads/tasks/task.js';
import {
  type FoundInstance,
  type FoundObject,
  foundInstances,
  foundObjects,
  type NamedClass,
  namedClasses,
} from '../../heads/tasks/told.js';
import { channelCount, type Description } from '../description.js';
import type { HostNetwork } from '../hostNetwork.js';
import { createHostPredictor } from '../predictor.js';
import type { NetworkFiles } from './networkFiles.js';
import type { Runtime, RuntimeOptions } from './runtimes.js';
import { abortable, createTurns } from './turns.js';

/** What a network answers for one image, by its task. */
export interface Answers {
  /** Best first. */
  readonly detection: readonly FoundObject[];
  /** Best first; masks are COCO's run lengths. */
  readonly instances: readonly FoundInstance[];
  readonly panoptic: Panoptic;
  /** The class index of every pixel. */
  readonly segmentation: ClassMap;
  /** Best first. */
  readonly classification: readonly NamedClass[];
}

const READ: { readonly [T in TaskName]: (result: unknown, told: DescribeOptions) => Answers[T] } = {
  detection: (result, told) => foundObjects(result as Detections, told),
  instances: (result, told) => foundInstances(result as Instances, told),
  panoptic: (result) => result as Panoptic,
  segmentation: (result) => result as ClassMap,
  classification: (result, told) => namedClasses(result as ClassScores, told),
};

export interface PredictOptions {
  /** Ends the wait with its reason; a network that is computing ends in the background. */
  readonly signal?: AbortSignal | undefined;
}

/** An exported network, ready to answer. */
export interface OpenModel<T extends TaskName, Image> {
  readonly task: T;
  readonly labels: LabelMap;
  /** What the file says of itself: input, normalisation, provenance, licence. */
  readonly description: Description;
  /** What runs it. */
  readonly runtime: string;
  /** @throws DataError or ShapeError for an image that cannot be read */
  predict(image: Image, options?: PredictOptions): Promise<Answers[T]>;
  /** Answers in the order of the images, as many at once as the file was exported for. */
  predictAll(
    images: Iterable<Image> | AsyncIterable<Image>,
    options?: PredictOptions,
  ): AsyncGenerator<Answers[T], void>;
  /** Answers an empty image, so that the first real one does not wait for what is compiled and allocated; milliseconds. */
  warmUp(options?: PredictOptions): Promise<number>;
  dispose(): Promise<void>;
}

/** A network of any task: `task` tells which. */
export type AnyModel<Image> = { [T in TaskName]: OpenModel<T, Image> }[TaskName];

export interface OpenModelOptions<T extends TaskName = TaskName, Name extends string = string> extends RuntimeOptions {
  /** Asked for by name it never falls back; or one of your own. Absent: the first that is there. */
  readonly runtime?: Name | Runtime;
  /** The task that is expected. */
  readonly task?: T;
  /** Lowest score of what is found. Defaults to what the file says. */
  readonly threshold?: number;
  readonly signal?: AbortSignal;
}

/** What differs between pages and Node. */
export interface Platform<Source, Image, Name extends string> {
  /** The first that is there is taken where none is named. */
  readonly runtimes: readonly Runtime<Name>[];
  /** Only taken by name. */
  readonly named: readonly Runtime<Name>[];
  readonly files: (source: Source, signal?: AbortSignal) => Promise<NetworkFiles>;
  /** @param isDeep whether the network takes images at their own depth */
  readonly pixels: (image: Image, isDeep: boolean) => Promise<Pixels>;
}

/** Opens exported networks: see `openModel`. */
export function createOpenModel<Source, Image, Name extends string>(platform: Platform<Source, Image, Name>) {
  async function openModel<T extends TaskName>(
    source: Source,
    options: OpenModelOptions<T, Name> & { readonly task: T },
  ): Promise<OpenModel<T, Image>>;
  async function openModel(source: Source, options?: OpenModelOptions<TaskName, Name>): Promise<AnyModel<Image>>;
  async function openModel(
    source: Source,
    options: OpenModelOptions<TaskName, Name> = {},
  ): Promise<OpenModel<TaskName, Image>> {
    const { task: wanted, threshold, signal } = options;
    const files = await platform.files(source, signal);
    const { description } = files;
    if (wanted !== undefined && wanted !== description.task)
      throw new ConfigError(`the network is for ${description.task}, not for ${wanted}`);
    signal?.throwIfAborted();
    const { name, network } = await openNetwork(platform, files, options);
    const problem = inputProblem(network, description);
    if (signal?.aborted || problem !== null) {
      await network.dispose();
      throw signal?.aborted ? signal.reason : new WeightsError(`${problem}: refused`);
    }
    return answering(network, name, description, threshold ?? description.threshold, platform.pixels);
  }
  return openModel;
}

/** Whether images of what the description says are what the network takes: before memory is taken for them. */
function inputProblem({ inputs }: HostNetwork, { input }: Description): string | null {
  if (inputs === undefined) return null;
  const own = inputs.get(input.name);
  if (own === undefined) {
    return `the network takes ${[...inputs.keys()].map(shownName).join(', ')}, its description names '${shownName(input.name)}'`;
  }
  const told = [input.batch, ...input.size, channelCount(input)];
  const isOther = own.length > 0 && told.some((side, i) => typeof own[i] === 'number' && own[i] > 0 && own[i] !== side);
  return isOther ? `the network takes images of ${own.join(' x ')}, its description says ${told.join(' x ')}` : null;
}

async function openNetwork<Name extends string>(
  { runtimes, named }: Platform<never, never, Name>,
  files: NetworkFiles,
  { runtime, threads, wasmPaths }: OpenModelOptions<TaskName, Name>,
): Promise<{ readonly name: string; readonly network: HostNetwork }> {
  const all = [...runtimes, ...named];
  const asked = typeof runtime === 'object' ? runtime : all.find(({ name }) => name === runtime);
  if (runtime !== undefined && !asked)
    throw new ConfigError(
      `runtime '${String(runtime)}' does not exist here: there are ${all.map(({ name }) => name).join(', ')}`,
    );
  const reasons: string[] = [];
  const candidates: readonly Runtime[] = asked ? [asked] : runtimes.filter(({ reads }) => files[reads] !== null);
  for (const { name, load } of candidates) {
    const loaded = await load({ threads, wasmPaths });
    if (typeof loaded === 'function') return { name, network: await loaded(files) };
    reasons.push(loaded.reason);
  }
  throw new EngineError(reasons.join('; ') || 'no runtime reads the formats that there are: export --to bundle');
}

function answering<T extends TaskName, Image>(
  network: HostNetwork,
  runtime: string,
  description: Description,
  threshold: number,
  pixels: Platform<never, Image, never>['pixels'],
): OpenModel<T, Image> {
  const predictor = createHostPredictor(network, description);
  const names = description.classes.map(({ name }) => name);
  const tell = READ[description.task as T];
  const turns = createTurns();
  const read = (image: Image): Promise<Pixels> => pixels(image, description.input.depth !== undefined);
  let disposed: Promise<void> | null = null;
  const answer = async (images: readonly Pixels[], { signal }: PredictOptions): Promise<readonly Answers[T][]> => {
    if (disposed) throw new EngineError('the model has been disposed of: open it again');
    const results = await abortable(
      turns.take(() => predictor.predict(images), signal),
      signal,
    );
    return results.map((result) => tell(result, { names, threshold }));
  };
  const {
    size: [height, width],
    fill,
  } = description.input;
  const empty = (): Pixels => {
    const channels = channelCount(description.input);
    const data = new Uint8Array(height * width * channels).map((_, i) => fill[i % channels] ?? 0);
    return { data, width, height };
  };
  return {
    task: description.task as T,
    labels: { classes: description.classes },
    description,
    runtime,
    predict: async (image, options = {}) => {
      const pixels = await abortable(read(image), options.signal);
      return (await answer([pixels], options))[0] as Answers[T];
    },
    predictAll: async function* (images, options = {}) {
      let batch: Pixels[] = [];
      for await (const image of images) {
        batch.push(await abortable(read(image), options.signal));
        if (batch.length < predictor.batchSize) continue;
        yield* await answer(batch, options);
        batch = [];
      }
      if (batch.length > 0) yield* await answer(batch, options);
    },
    warmUp: async (options = {}) => {
      const started = performance.now();
      await answer([empty()], options);
      return performance.now() - started;
    },
    dispose: () => {
      disposed ??= turns.take(() => network.dispose());
      return disposed;
    },
  };
}
