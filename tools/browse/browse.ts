import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { openSplit, type SplitName } from '../../configs/datasets.js';
import { drawableOf } from '../../configs/network.js';
import { readExperiment } from '../../configs/read.js';
import { openRun, type Run } from '../../configs/run.js';
import type { Experiment } from '../../configs/schema.js';
import type { Dataset } from '../../datasets/dataset.js';
import { type BoxMatch, labelSuspicions, matchBoxes, type Suspicion } from '../../datasets/evaluators/index.js';
import { formatOf } from '../../datasets/formats/index.js';
import { type Drawable, encodeJpeg, type Shapes, shapesOf, thumbnailOf } from '../../datasets/pictures/index.js';
import { boxesOf, labelsOf, objectsOf } from '../../datasets/sample.js';
import { ConfigError } from '../../engine/errors.js';
import { runFolder } from '../../training/run/index.js';
import { openInBrowser } from '../dashboard/dashboard.js';
import { json, type PageServer, startPages } from '../dashboard/http.js';
import { type EngineOptions, openEngine } from '../engine.js';
import { createOutput } from '../output.js';
import { type Corrections, createCorrections, editSchema } from './edits.js';

export interface BrowseCommand extends EngineOptions {
  readonly data?: string;
  readonly split?: SplitName;
  readonly run?: string;
  readonly port?: number;
  readonly open?: boolean;
  readonly allowModules?: boolean;
}

/** What the list shows of an image before it is decoded. */
export interface ListedImage {
  readonly id: string;
  /** Class indices of its objects and the square roots of their areas, pixels; null: its truth is no boxes. */
  readonly objects: readonly (readonly [label: number, side: number])[] | null;
}

/** A missed object; an answer on nothing, of another class, beside the object, on one that was found already. */
export type ErrorKind = 'missed' | 'nothing' | 'class' | 'place' | 'double';

/** An image with what stands on it. */
export interface ShownImage {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly truth: Shapes;
  readonly answer: Shapes | null;
  readonly extra: readonly number[];
  readonly missed: readonly number[];
  /** What is wrong with the answer. */
  readonly errors: readonly ErrorKind[];
  /** Base64. */
  readonly jpeg: string;
}

export interface ListedSet {
  readonly names: readonly string[];
  readonly images: readonly ListedImage[];
  readonly hasAnswers: boolean;
  /** Where corrections are written; null: they are not possible. */
  readonly corrections: string | null;
}

/** Longest side of an image that is sent, pixels. */
const SIDE = 1024;

/** Shows a data set with its truths, and the answers of a run to it, until Ctrl-C. */
export async function browse(source: string, command: BrowseCommand): Promise<void> {
  const output = createOutput(false);
  const config = existsSync(runFolder(source).config) ? runFolder(source).config : source;
  const named = readExperiment(config, {
    set: [],
    isRecorded: config !== source,
    allowModules: command.allowModules,
    ...(command.data === undefined ? {} : { data: resolve(command.data) }),
  });
  if (command.run !== undefined) await openEngine(command, output);
  const run = command.run === undefined ? null : openRun(command.run, { allowModules: command.allowModules });
  try {
    const train = await openSplit(named, 'train', run?.labels);
    const split = command.split ?? 'train';
    const dataset = split === 'train' ? train : await openSplit(named, split, train.labels);
    const { url, close } = await startBrowser(dataset, {
      run,
      corrections: correctionsOf(named, split, dataset),
      port: command.port ?? 0,
    });
    output.say(`${split}, ${dataset.size} images: ${url}`);
    output.note('who knows this address may look and correct; Ctrl-C ends the page');
    if (command.open) openInBrowser(url);
    await new Promise<void>((done) => process.once('SIGINT', done).once('SIGTERM', done));
    await close();
  } finally {
    run?.dispose();
  }
}

/** Boxes of a COCO file can be corrected; of other kinds there is no file that holds all. */
function correctionsOf({ data }: Experiment, split: SplitName, dataset: Dataset): Corrections | null {
  const file = formatOf(data).correctable?.(data, split) ?? null;
  const hasBoxes = dataset.entries.every(({ truth }) => boxesOf(truth) !== null);
  return file === null || !hasBoxes ? null : createCorrections(file, dataset.entries, dataset.labels);
}

interface BrowserOptions {
  readonly run: Pick<Run, 'network' | 'experiment' | 'labels'> | null;
  readonly corrections: Corrections | null;
  readonly port: number;
}

/** Serves the page of a data set. */
export function startBrowser(dataset: Dataset, { run, corrections, port }: BrowserOptions): Promise<PageServer> {
  let turn: Promise<unknown> = Promise.resolve(); // the network answers one image after the other
  const shown = async (index: number): Promise<ShownImage> => {
    const entry = dataset.entries[index];
    if (!entry) throw new ConfigError(`there is no image ${index}`);
    const { id, image, truth } = await dataset.get(index);
    const threshold = run?.experiment.evaluate.drawThreshold ?? 0;
    const answer = run && (await answerOf(run, entry.file));
    const boxes = answer && 'boxes' in truth && 'scores' in answer ? { truth, answer } : null;
    const match = boxes && matchBoxes(boxes.truth, boxes.answer, { threshold });
    const wrong = boxes ? labelSuspicions(boxes.truth, boxes.answer, threshold) : [];
    return {
      id,
      width: image.width,
      height: image.height,
      truth: shapesOf(truth),
      answer: answer && shapesOf(answer, threshold),
      extra: match?.extra ?? [],
      missed: match?.missed ?? [],
      errors: match ? errorsOf(match, wrong) : [],
      jpeg: Buffer.from(encodeJpeg(thumbnailOf(image, SIDE), 85)).toString('base64'),
    };
  };
  const names = dataset.labels.classes.map(({ name }) => name);
  const list: ListedSet = {
    names,
    images: dataset.entries.map(listed),
    hasAnswers: run !== null,
    corrections: corrections?.file ?? null,
  };
  const routes = {
    page: 'browse',
    get: {
      '/api/set': (response: Parameters<typeof json>[0]) => json(response, list),
      '/api/image': async (response: Parameters<typeof json>[0], { query }: { query: URLSearchParams }) => {
        const next = turn.then(() => shown(Number(query.get('index'))));
        turn = next.catch(() => undefined);
        json(response, await next);
      },
    },
    post: {
      '/api/correct': (response: Parameters<typeof json>[0], { body }: { body: string }) => {
        if (corrections === null) throw new ConfigError('only boxes of a COCO file can be corrected');
        corrections.save(editSchema.parse(JSON.parse(body)));
        json(response, corrections.file);
      },
    },
  };
  return startPages(routes, port);
}

function errorsOf({ extra, missed }: BoxMatch, wrong: readonly Suspicion[]): readonly ErrorKind[] {
  const kinds = wrong.map(({ kind }): ErrorKind => (kind === 'missing' ? 'nothing' : kind));
  if (missed.length > 0) kinds.push('missed');
  if (extra.length > wrong.length) kinds.push('double');
  return [...new Set(kinds)];
}

async function answerOf({ network, labels }: Pick<Run, 'network' | 'labels'>, file: string): Promise<Drawable | null> {
  for await (const { result } of network.predict([file])) return drawableOf(network.task, result, labels);
  return null;
}

function listed({ id, truth, width, height }: Dataset['entries'][number]): ListedImage {
  const labels = labelsOf(truth);
  if (labels) {
    const side = Math.round(Math.sqrt((width ?? 0) * (height ?? 0)));
    return { id, objects: Array.from(labels.labels, (label) => [label, side] as const) };
  }
  const boxes = objectsOf(truth);
  if (!boxes) return { id, objects: null };
  const sideOf = (i: number): number => Math.round(Math.sqrt(boxes.areas[i] ?? 0));
  return { id, objects: Array.from(boxes.labels, (label, i) => [label, sideOf(i)] as const) };
}
