import { architectureOf, type BackboneArch, countNetwork, createClassifier } from '../backbones/index.js';
import { ConfigError } from '../engine/errors.js';
import type { EngineOptions } from './engine.js';
import { type Measurement, measure } from './measure.js';
import { createOutput } from './output.js';
import { formatTable } from './table.js';
import { knownArch } from './weights/network.js';

interface BenchmarkOptions extends EngineOptions {
  readonly px?: number;
  readonly batch: number;
  readonly seconds: number;
  readonly json?: boolean;
}

/** One model's cost as counted and as measured. */
export interface BenchmarkRow extends Measurement {
  readonly model: BackboneArch;
  readonly pixels: number;
  readonly batch: number;
  /** Multiply-accumulates of one image. */
  readonly macs: number;
}

/** Times classifiers of 1000 classes, each in a process of its own, beside their multiply-accumulates. */
export async function benchmark(models: readonly string[], options: BenchmarkOptions): Promise<void> {
  const { px, batch, seconds, engine, threads } = options;
  const output = createOutput(options.json === true);
  const networks = models.map((model) => networkOf(knownArch(model), px));
  const rows: BenchmarkRow[] = [];
  for (const { model, pixels, macs } of networks) {
    output.note(`measuring ${model} at ${pixels} pixels`);
    const measurement = await measure({
      arch: model,
      pixels,
      batch,
      seconds,
      ...(engine === undefined ? {} : { engine }),
      ...(threads === undefined ? {} : { threads }),
    });
    rows.push({ model, pixels, batch, macs, ...measurement });
  }
  output.note(`engine: ${rows[0]?.engine}`);
  output.result(rows, describeBenchmark(rows));
}

function networkOf(model: BackboneArch, px: number | undefined) {
  const { isFixed, inputPixels } = architectureOf(model);
  const pixels = px ?? inputPixels;
  if (isFixed && pixels !== inputPixels) {
    throw new ConfigError(`${model} takes images of ${inputPixels} pixels only: leave out --px ${px}`);
  }
  const image = [pixels, pixels, 3] as const;
  const { macs, mapMacs } = countNetwork(
    () => createClassifier({ arch: model, classes: 1000, frozen: 'all', seed: 1 }),
    image,
  );
  return { model, pixels, macs: macs + mapMacs };
}

/** A line for each model; the last column says how far multiply-accumulates are from being time. */
export function describeBenchmark(rows: readonly BenchmarkRow[]): string {
  const cells = rows.map(({ model, pixels, batch, macs, p50, p95, imagesPerSecond, peakBytes }) => [
    ...[model, String(pixels), String(batch), (macs / 1e9).toFixed(3), p50.toFixed(2), p95.toFixed(2)],
    ...[imagesPerSecond.toFixed(1), (peakBytes / 2 ** 20).toFixed(0), ((macs * imagesPerSecond) / 1e9).toFixed(1)],
  ]);
  const header = ['model', 'pixels', 'batch', 'G MACs', 'p50 ms', 'p95 ms', 'images/s', 'peak MiB', 'G MACs/s'];
  return formatTable(header, cells);
}
