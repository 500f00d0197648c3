import { parseArgs } from 'node:util';
import { COCO } from '../coco.js';
import { CocoError } from '../errors.js';
import { COCOeval } from '../evaluation/cocoeval.js';
import type { EvalImage } from '../evaluation/matching.js';
import { IOU_TYPES } from '../evaluation/params.js';
import { evalParts } from '../evaluation/saved.js';
import { nameOf } from '../formats/record.js';
import { bootstrap } from '../metrics/bootstrap.js';
import { calibration } from '../metrics/calibration.js';
import { confusionMatrix } from '../metrics/confusion.js';
import { cellsOfArea, outcomes } from '../metrics/outcomes.js';
import { perClass } from '../metrics/perClass.js';
import { tideErrors } from '../metrics/tide.js';
import { tideCosts } from '../metrics/tideCosts.js';
import { ArgumentError, HELP, help, integer, real, required } from './arguments.js';
import { writeWhole } from './output.js';
import { calibrationLines, curvesCsv, PROTOCOLS, protocolLines, tideLines } from './reports.js';
import { table } from './table.js';

const USAGE = `usage: coco-ts eval --gt FILE --dt FILE [--type bbox|segm|keypoints|boundary] [options]
  --gt FILE          truths, COCO JSON
  --dt FILE          detections: a list of results, as a model writes them
  --type TYPE        what is compared (default bbox)
  --max-dets A,B,C   most detections per image and category (default 1,10,100)
  --threads N        worker threads (default 1); they change no bit
  --json             one JSON object instead of lines
  --per-class        AP and AR of every category
  --bootstrap N      interval of AP that holds 95 % of N resamples of the images
  --out FILE.npz     also write the arrays, for numpy.load
  --confusion        confusion matrix of boxes at IoU 0.5
  --score X          least score in the confusion matrix and in --tide (default 0.25; 0 for --tide)
  --tide             how many detections are wrong in which way, and what each way costs in AP (boxes at IoU 0.5)
  --curves FILE.csv  also write precision and score over recall, of every category and of their mean, at the first IoU threshold
  --calibration      how far scores are from being probabilities (at the first IoU threshold)
  --protocol NAME    coco (default); lvis; openimages; voc07, voc10 (boxes): their own numbers instead of the twelve
  --verbose          also print progress, as pycocotools does`;

const OPTIONS = {
  ...HELP,
  gt: { type: 'string' },
  dt: { type: 'string' },
  type: { type: 'string', default: 'bbox' },
  'max-dets': { type: 'string' },
  threads: { type: 'string', default: '1' },
  score: { type: 'string' },
  json: { type: 'boolean' },
  'per-class': { type: 'boolean' },
  confusion: { type: 'boolean' },
  bootstrap: { type: 'string' },
  out: { type: 'string' },
  tide: { type: 'boolean' },
  curves: { type: 'string' },
  calibration: { type: 'boolean' },
  protocol: { type: 'string', default: 'coco' },
  verbose: { type: 'boolean' },
} as const;

const NAMES = ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'AR1', 'AR10', 'AR100', 'ARs', 'ARm', 'ARl'];
const KEYPOINT_NAMES = ['AP', 'AP50', 'AP75', 'APm', 'APl', 'AR', 'AR50', 'AR75', 'ARm', 'ARl'];

/** Most categories whose pairs can be looked at. */
const MOST_PRINTED = 2048;

/** `coco-ts eval` */
export async function evalCommand(args: readonly string[], print: (line: string) => void): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  if (values.help) return help(USAGE, print);
  if (values.out !== undefined && !values.out.endsWith('.npz'))
    throw new ArgumentError(`--out ${values.out}: the name ends in .npz`);
  const type = IOU_TYPES.find((name) => name === values.type);
  if (type === undefined) throw new ArgumentError(`--type ${values.type}: one of ${IOU_TYPES.join(', ')}`);
  const protocol = PROTOCOLS.find((name) => name === values.protocol);
  if (protocol === undefined) throw new ArgumentError(`--protocol ${values.protocol}: one of ${PROTOCOLS.join(', ')}`);
  const score = values.score === undefined ? undefined : real(values.score, 'score', -1e300, 1e300);
  const verbose = values.verbose ? print : false;
  const gt = await COCO.load(required(values.gt, 'gt'), { verbose });
  const dt = gt.loadRes(required(values.dt, 'dt'));
  if (protocol !== 'coco') {
    const own = ['gt', 'dt', 'type', 'protocol', 'json', 'verbose', 'threads'];
    const other = Object.keys(values).find((name) => !own.includes(name));
    if (other !== undefined) throw new ArgumentError(`--${other} belongs to --protocol coco`);
    for (const line of protocolLines(protocol, gt, dt, type, values.json ?? false)) print(line);
    return 0;
  }
  const evaluation = new COCOeval(gt, dt, type, { verbose });
  const maxDets = values['max-dets']?.split(',').map((limit) => integer(limit, 'max-dets', 1, 1e6));
  if (maxDets) evaluation.params.maxDets = maxDets;
  await evaluation.evaluateAsync({ threads: integer(values.threads, 'threads', 1, 256) });
  evaluation.accumulate();
  const lines = evaluation.summarize();
  if (values.out !== undefined) await writeWhole(values.out, evalParts(evaluation));
  const samples = values.bootstrap && integer(values.bootstrap, 'bootstrap', 1, 1e6);
  const interval = samples ? bootstrap(evaluation, { samples }) : undefined;
  const classes = values['per-class'] ? perClass(evaluation.eval!, gt) : undefined;
  if (values.confusion && gt.cats.size > MOST_PRINTED)
    throw new CocoError(`--confusion prints at most ${MOST_PRINTED} categories, there are ${gt.cats.size}`);
  const confusion = values.confusion ? confusionMatrix(gt, dt, { scoreThreshold: score ?? 0.25 }) : undefined;
  if (values.curves !== undefined) await writeWhole(values.curves, curvesCsv(evaluation.eval!, gt));
  const tide = values.tide
    ? { errors: tideErrors(gt, dt, limited(score)), costs: tideCosts(gt, dt, limited(score)) }
    : undefined;
  const calibrated = values.calibration ? calibration(outcomes(everySize(evaluation))) : undefined;
  if (values.json) {
    const names = type === 'keypoints' ? KEYPOINT_NAMES : NAMES;
    const stats = Object.fromEntries(names.map((name, i) => [name, evaluation.stats[i]]));
    const matrix = confusion && {
      categories: confusion.categories,
      counts: rowsOf(confusion.counts, confusion.categories.length + 1),
    };
    print(
      JSON.stringify({ type, stats, interval, perClass: classes, confusion: matrix, tide, calibration: calibrated }),
    );
    return 0;
  }
  if (!values.verbose) lines.forEach(print);
  if (interval) {
    const [estimate, low, high] = [interval.estimate, interval.low, interval.high].map((value) => value.toFixed(4));
    print(` AP ${estimate}, 95 % interval ${low} to ${high} (${samples} resamples of the images)`);
  }
  if (classes) {
    const sizes = Object.keys(classes[0]?.ap ?? {});
    const header = ['category', 'AP', 'AP50', 'AP75', ...sizes.slice(1).map((size) => `AP ${size}`), 'AR'];
    const rows = classes.map((row) => [
      row.name,
      row.ap.all ?? -1,
      row.ap50,
      row.ap75,
      ...sizes.slice(1).map((size) => row.ap[size] ?? -1),
      row.ar.all ?? -1,
    ]);
    for (const line of ['', ...table(header, rows, 3)]) print(line);
  }
  if (confusion) {
    const names = [...confusion.categories.map((id) => nameOf(gt.cats, id)), 'background'];
    const rows = rowsOf(confusion.counts, names.length).map((row, i) => [names[i]!, ...row]);
    for (const line of ['', 'rows: truth, columns: detection', ...table(['', ...names], rows)]) print(line);
  }
  if (tide) for (const line of ['', ...tideLines(tide)]) print(line);
  if (calibrated) for (const line of ['', ...calibrationLines(calibrated)]) print(line);
  return 0;
}

/** Matchings in the first size range, `all`. */
const everySize = ({ evalImgs, params }: COCOeval): (EvalImage | null)[] =>
  cellsOfArea(evalImgs, params.areaRng.length, params.imgIds.length);

const limited = (score: number | undefined): { scoreThreshold?: number } =>
  score === undefined ? {} : { scoreThreshold: score };

const rowsOf = (counts: Uint32Array, n: number): number[][] =>
  Array.from({ length: n }, (_, i) => [...counts.subarray(i * n, (i + 1) * n)]);
