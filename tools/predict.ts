import { existsSync, realpathSync, statSync } from 'node:fs';
import { isWeightsName, WEIGHTS_NAMES } from '../backbones/catalogue/catalogue.js';
import { openRun } from '../configs/run.js';
import { didYouMean } from '../configs/suggestion.js';
import { ConfigError } from '../engine/errors.js';
import { requireName } from '../training/run/index.js';
import { classifyImages } from './classify/classify.js';
import { type EngineOptions, openEngine } from './engine.js';
import { createOutput, type Output } from './output.js';
import { describeAnswer, drawingOf, writeDrawing } from './prediction.js';

interface PredictCommand extends EngineOptions {
  readonly out?: string;
  readonly threshold?: number;
  readonly offline?: boolean;
  readonly json?: boolean;
}

/** Folder of the drawings where none is given. */
const DRAWINGS = 'predictions';
/** Guesses of a classifier that are reported. */
const TOP = 5;

/** Answers for images: a classifier of the catalogue or of a converted file names them, a trained run finds what it learned and draws it. */
export async function predict(model: string, files: readonly string[], command: PredictCommand): Promise<void> {
  const output = createOutput(command.json === true);
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) throw new ConfigError(`${missing}: there is no such image`);
  if (!isWeightsName(model) && !existsSync(model)) {
    throw new ConfigError(`'${model}' is neither a run nor a classifier${didYouMean(model, WEIGHTS_NAMES)}`);
  }
  const isClassifier = isWeightsName(model) || statSync(model).isFile();
  if (!isClassifier) refuseOverwriting(files, command.out ?? DRAWINGS);
  await openEngine(command, output);
  await (isClassifier ? classify(model, files, command, output) : answer(model, files, command, output));
}

/** The drawing of an image has its name: in the image's own folder it would replace it. */
function refuseOverwriting(files: readonly string[], out: string): void {
  requireName(out);
  const images = new Set(files.map((file) => realpathSync(file)));
  const lost = files
    .map((file) => drawingOf(file, out))
    .find((path) => existsSync(path) && images.has(realpathSync(path)));
  if (lost !== undefined)
    throw new ConfigError(`the drawing ${lost} would replace an image: choose another folder with --out`);
}

async function classify(
  name: string,
  files: readonly string[],
  command: PredictCommand,
  output: Output,
): Promise<void> {
  const offline = command.offline === true;
  const results = await classifyImages(name, files, { offline, onProgress: output.note, top: TOP });
  const text = results.map(({ image, top }) =>
    [image, ...top.map(({ label, probability }) => `  ${probability.toFixed(4)}  ${label}`)].join('\n'),
  );
  output.result(results, text.join('\n'));
}

async function answer(
  folder: string,
  files: readonly string[],
  command: PredictCommand,
  output: Output,
): Promise<void> {
  const run = openRun(folder);
  try {
    const names = run.labels.classes.map(({ name }) => name);
    const threshold = command.threshold ?? run.experiment.evaluate.drawThreshold;
    const results: unknown[] = [];
    for await (const found of run.network.predict(files)) {
      const described = describeAnswer(found, names, threshold);
      const drawing = writeDrawing(described.drawn, found.file, command.out ?? DRAWINGS);
      results.push(described.value);
      output.say(output.json ? `drawn: ${drawing}` : `${described.text}\n  drawn: ${drawing}`);
    }
    if (output.json) output.result(results, '');
  } finally {
    run.dispose();
  }
}
