import { fork } from 'node:child_process';
import * as tf from '@tensorflow/tfjs';
import {
  type Classifier,
  createClassifier,
  isBackboneArch,
  type Scaling,
  scaleEfficientNet,
} from '../backbones/index.js';
import { compile } from '../engine/compile.js';
import { type EngineName, ready } from '../engine/engine.js';
import { ConfigError, EspalierError } from '../engine/errors.js';
import '../engine/tensorflow/tensorflow.js';
import '../engine/webgpu/dawn.js';

/** Inference of one classifier of 1000 classes with random weights. */
export interface MeasureRequest {
  /** A name, or the factors of an EfficientNet. */
  readonly arch: string | Scaling;
  /** Sides of the images. */
  readonly pixels: number;
  readonly batch: number;
  /** Measured for so long, but at least five runs. */
  readonly seconds: number;
  readonly engine?: EngineName;
  readonly threads?: number;
}

export interface Measurement {
  /** One line: what it ran on. */
  readonly engine: string;
  readonly runs: number;
  /** Milliseconds of one batch. */
  readonly p50: number;
  readonly p95: number;
  readonly imagesPerSecond: number;
  /** Largest resident memory of the process, the runtime's own and the weights included. */
  readonly peakBytes: number;
}

const [WARM_UP, LEAST_RUNS] = [2, 5];

/** Measures in this process: the memory is right only where nothing else ran in it. */
export async function measureHere(request: MeasureRequest): Promise<Measurement> {
  const { pixels, batch, seconds, engine, threads } = request;
  const info = await ready({
    ...(engine === undefined ? {} : { engine }),
    ...(threads === undefined ? {} : { threads }),
  });
  const network = classifierOf(request.arch);
  const forward = compile((images: tf.Tensor4D) => network.forward(images, { training: false }));
  const images = tf.randomNormal<tf.Rank.R4>([batch, pixels, pixels, 3], 0, 1, 'float32', 1);
  const times: number[] = [];
  for (let spent = 0, i = 0; i < WARM_UP + LEAST_RUNS || spent < 1000 * seconds; i++) {
    const started = performance.now();
    const logits = await forward.async(images);
    await logits.data();
    const time = performance.now() - started;
    logits.dispose();
    if (i < WARM_UP) continue;
    times.push(time);
    spent += time;
  }
  forward.dispose();
  network.dispose();
  images.dispose();
  const p50 = percentile(times, 0.5);
  return {
    engine: info.description,
    runs: times.length,
    p50,
    p95: percentile(times, 0.95),
    imagesPerSecond: (1000 * batch) / p50,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}

/** What a measuring process answers. */
export type MeasureAnswer = { readonly measurement: Measurement } | { readonly refused: string; readonly kind: string };

/**
 * Measures in a process of its own.
 *
 * @throws ConfigError and other errors of the library as the process met them; EspalierError when it died
 */
export function measure(request: MeasureRequest): Promise<Measurement> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./measureChild.js', import.meta.url), [JSON.stringify(request)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    let answer: MeasureAnswer | undefined;
    child.on('message', (message) => {
      answer = message as MeasureAnswer;
    });
    child.on('error', reject);
    child.on('close', (status, signal) => {
      if (answer && 'measurement' in answer) resolve(answer.measurement);
      else if (answer) reject(new (answer.kind === 'ConfigError' ? ConfigError : EspalierError)(answer.refused));
      else
        reject(new EspalierError(`measuring ended with ${signal ?? `status ${status}`}: memory may not have sufficed`));
    });
  });
}

function classifierOf(arch: MeasureRequest['arch']): Classifier {
  const common = { classes: 1000, frozen: 'all', seed: 1 } as const;
  if (typeof arch !== 'string') return createClassifier({ arch: scaleEfficientNet(arch), ...common });
  if (!isBackboneArch(arch)) throw new ConfigError(`no backbone is called '${arch}'`);
  return createClassifier({ arch, ...common });
}

/** The value that a share of the others does not exceed, nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
