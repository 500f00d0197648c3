import { join } from 'node:path';
import type { Encoder } from '../../datasets/encoder.js';
import {
  type Answered as AnsweredBoxes,
  type ClassCurve,
  classCurves,
  createConfusion,
} from '../../datasets/evaluators/index.js';
import { type Drawable, encodeJpeg, type Shapes, shapesOf, thumbnailOf } from '../../datasets/pictures/index.js';
import type { LabelMap, RgbPixels, Sample, Truth } from '../../datasets/sample.js';
import { makeFolder, writeJson, writeWhole } from '../../engine/files/write.js';
import { imageError } from './imageError.js';
import type { RunWatch } from './session.js';
import { taughtImages } from './taught.js';

/** A picture with what stands on it, as it is kept: plain JSON. */
export interface KeptPicture {
  /** Id of the image. */
  readonly id: string;
  /** Pixels that the shapes are measured in. */
  readonly width: number;
  readonly height: number;
  /** Name of the JPEG in the same folder. */
  readonly file: string;
  readonly truth: Shapes | null;
  readonly answer: Shapes | null;
  /** Share of the image that was answered wrongly, 0..1; null: it was not answered. */
  readonly error: number | null;
}

/** One file of the folder: `batch-<step>.json` or `answers-<step>.json`. */
export interface KeptPictures {
  /** Completed steps. */
  readonly step: number;
  readonly pictures: readonly KeptPicture[];
  /** Those with the largest errors; only of answers. */
  readonly worst?: readonly KeptPicture[];
  /** Confusion matrix of the whole split: counts of truths (rows) by predicted class; of boxes the last is background. */
  readonly confusion?: readonly (readonly number[])[];
  /** Precision over recall of every class, of boxes. */
  readonly curves?: readonly ClassCurve[];
}

export interface PicturesOptions {
  /** Made when there is something to write. */
  readonly folder: string;
  /** Gives the targets of a batch back as truths. */
  readonly encoder: Encoder<Truth> | null;
  /** Lowest score of a box that is shown. */
  readonly threshold: number;
  readonly labels: LabelMap;
  /** Files about the training images, kept with the first batch: what is in each by its name; null: there is nothing to tell. */
  readonly about: { readonly [name: string]: () => object | null };
  /** Is given the pictures of batches, too. */
  readonly alsoShow?:
    | ((
        tag: string,
        step: number,
        image: { readonly jpeg: Uint8Array; readonly width: number; readonly height: number },
      ) => void)
    | undefined;
}

/** The watch of a run, and where its evaluations hand their answers in. */
export interface Pictures extends RunWatch {
  /** For `EvaluateOptions.onAnswer`. */
  answer(sample: Sample, answer: Drawable): void;
}

/** Images of a batch, of the validation images, and of the worst answers that are kept. */
const [BATCH, FIXED, WORST] = [6, 8, 8];
/** Longest side of a kept picture, pixels. */
const SIDE = 480;
/** Evaluations whose answers are kept; of more, every second, then every fourth, ... */
const MOST_KEPT = 100;

interface Answered extends Omit<KeptPicture, 'file'> {
  readonly image: RgbPixels;
}

/**
 * Keeps what there is to see of a run, away from its steps: the first batch after every evaluation as the network sees it, its targets decoded
 * back; the answers on the first images of the validation split; the images with the largest errors.
 *
 * @throws WriteError when the disk is full
 */
export function createPictures({ folder, encoder, threshold, labels, about, alsoShow }: PicturesOptions): Pictures {
  let isDue = true;
  let fixed: Answered[] = [];
  let worst: Answered[] = [];
  let boxes: AnsweredBoxes[] = [];
  let confusion = createConfusion(labels.classes.length, threshold);
  let evaluations = 0;
  const drawn = new Set<string>();
  let failure: unknown = null;
  /** While the step runs; what goes wrong ends the run at the next one. */
  const later = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      failure = error;
    }
  };
  const write = (name: string, kept: object): void => writeJson(join(folder, `${name}.json`), kept);
  const tellAbout = (): void => {
    for (const [name, tell] of Object.entries(about)) {
      const told = tell();
      if (told !== null) write(name, told);
    }
  };
  const draw = (name: string, image: RgbPixels): string => {
    const file = `${name}.jpg`;
    if (drawn.size === 0) makeFolder(folder);
    if (!drawn.has(file)) writeWhole(join(folder, file), [encodeJpeg(thumbnailOf(image, SIDE))]);
    drawn.add(file);
    return file;
  };
  const keep = (name: string, pictures: readonly Answered[]): readonly KeptPicture[] =>
    pictures.map(({ image, ...rest }, i) => ({ ...rest, file: draw(`${name}-${i}`, image) }));
  return {
    batch: ({ batch, step }) => {
      if (failure !== null) throw failure;
      if (!isDue) return;
      isDue = false;
      const pictures = taughtImages(batch, encoder, BATCH).map(({ truth, ...image }) => ({
        ...image,
        truth: truth && shapesOf(truth),
        answer: null,
        error: null,
      }));
      if (alsoShow && pictures[0]) {
        const { image, width, height } = pictures[0];
        alsoShow('batch', step, { jpeg: encodeJpeg(image), width, height });
      }
      setImmediate(() =>
        later(() => {
          write(`batch-${step}`, { step, pictures: keep(`batch-${step}`, pictures) });
          if (evaluations === 0) tellAbout();
        }),
      );
    },
    answer: (sample, answer) => {
      confusion.add(sample.truth, answer);
      if ('boxes' in sample.truth && 'scores' in answer) boxes.push({ truth: sample.truth, result: answer });
      const error = imageError(sample.truth, answer, threshold);
      const isFixed = fixed.length < FIXED;
      const isWorst = worst.length < WORST || error > (worst.at(-1)?.error ?? 0);
      if (!isFixed && !isWorst) return;
      const { id, image, truth } = sample;
      const { width, height } = image;
      const shapes = { truth: shapesOf(truth), answer: shapesOf(answer, threshold) };
      const answered = { id, width, height, ...shapes, error, image: thumbnailOf(image, SIDE) };
      if (isFixed) fixed.push(answered);
      if (isWorst) worst = [...worst, answered].sort((a, b) => (b.error ?? 0) - (a.error ?? 0)).slice(0, WORST);
    },
    evaluated: (step) => {
      isDue = true;
      if (isKept(evaluations++) && fixed.length > 0) {
        const curves = boxes.length > 0 ? { curves: classCurves(labels, boxes) } : {};
        const pictures = keep('val', fixed);
        write(`answers-${step}`, {
          step,
          pictures,
          worst: keep(`worst-${step}`, worst),
          confusion: confusion.rows(),
          ...curves,
        });
      }
      fixed = [];
      worst = [];
      boxes = [];
      confusion = createConfusion(labels.classes.length, threshold);
    },
  };
}

/** Whether the answers of the n-th evaluation, from 0, are kept. */
export const isKept = (evaluation: number): boolean =>
  evaluation % 2 ** Math.max(0, Math.ceil(Math.log2((evaluation + 1) / MOST_KEPT))) === 0;
