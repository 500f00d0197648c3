import { parseArgs } from 'node:util';
import { valueAt } from '../checked.js';
import { CocoFile } from '../cocoFile.js';
import { CocoError } from '../errors.js';
import { COCOeval } from '../evaluation/cocoeval.js';
import type { EvalImage } from '../evaluation/matching.js';
import { IOU_TYPES } from '../evaluation/params.js';
import { evalParts } from '../evaluation/saved.js';
import { readFile } from '../files.js';
import { nameOf } from '../formats/record.js';
import { bootstrap } from '../metrics/bootstrap.js';
import { calibration } from '../metrics/calibration.js';
import { confusionMatrix } from '../metrics/confusion.js';
import { cellsOfArea, outcomes } from '../metrics/outcomes.js';
import { perClass } from '../metrics/perClass.js';
import { tideErrors } from '../metrics/tide.js';
import { tideCosts } from '../metrics/tideCosts.js';
import { escaped } from '../shown.js';
import { toJson } from '../write.js';
import { ArgumentError, HELP, help, integer, real, required } from './arguments.js';
import { writeWhole } from './output.js';
import { calibrationLines, curvesCsv, PROTOCOLS, protocolReport, tideLines } from './reports.js';
import { table } from './table.js';

const USAGE = `usage: coco-ts eval --gt FILE --dt FILE [--type bbox|segm|keypoints|boundary] [options]
  --gt FILE          truths, COCO JSON
  --dt FILE          detections: a list of results, as a model writes them; {"annotations": [...]} or JSON lines
  --type TYPE        what is compared (default bbox)
  --max-dets A,B,C   most detections per image and category (default 1,10,100; keypoints 20): AP at the last, AR at each;
                     the last is also what --confusion and --tide look at in an image (default 100)
  --sigmas FILE|LIST sigma of every keypoint: numbers, or a file of them (default: the 17 of COCO's people)
  --no-strict-ids    count a truth of id 0 as found when it is; pycocotools does not
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
  sigmas: { type: 'string' },
  'no-strict-ids': { type: 'boolean' },
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

/** Most categories whose pairs can be looked at. */
const MOST_PRINTED = 2048;

/** Longest file of sigmas, bytes. */
const LONGEST_SIGMAS = 2 ** 20;

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
  const limits = values['max-dets']?.split(',').map((limit) => integer(limit, 'max-dets', 1, 1e6));
  const maxDets = limits && [...new Set(limits)];
  if (values.sigmas !== undefined && type !== 'keypoints')
    throw new ArgumentError(`--sigmas belongs to --type keypoints, not to ${type}`);
  const sigmas = values.sigmas === undefined ? undefined : readSigmas(values.sigmas);
  const strictIds = !values['no-strict-ids'];
  const verbose = values.verbose ? print : false;
  const gt = await CocoFile.open(required(values.gt, 'gt'), { verbose });
  const dt = gt.loadRes(required(values.dt, 'dt'));
  if (protocol !== 'coco') {
    const own = ['gt', 'dt', 'type', 'protocol', 'json', 'verbose', 'threads'];
    if (protocol === 'lvis') own.push('no-strict-ids');
    const other = Object.keys(values).find((name) => !own.includes(name));
    if (other !== undefined) throw new ArgumentError(`--${other} belongs to --protocol coco`);
    const { lines, notes } = protocolReport(protocol, gt.objects(), dt.objects(), type, {
      json: values.json ?? false,
      strictIds,
    });
    notes.forEach(warn);
    lines.forEach(print);
    return 0;
  }
  const evaluation = new COCOeval(gt, dt, type, { verbose });
  evaluation.params.strictIds = strictIds;
  if (maxDets) evaluation.params.maxDets = maxDets;
  if (sigmas) evaluation.params.kpt_oks_sigmas = sigmas;
  await evaluation.evaluateAsync({ threads: integer(values.threads, 'threads', 1, 256) });
  evaluation.notes.forEach(warn);
  evaluation.accumulate();
  const lines = evaluation.summarize({ ownLimits: maxDets !== undefined });
  if (values.out !== undefined) await writeWhole(values.out, evalParts(evaluation));
  const samples = values.bootstrap && integer(values.bootstrap, 'bootstrap', 1, 1e6);
  const interval = samples ? bootstrap(evaluation, { samples }) : undefined;
  const classes = values['per-class'] ? perClass(evaluation.eval!, gt) : undefined;
  const most = maxDets && { maxDetections: Math.max(...maxDets) };
  const looked = { ...(score !== undefined && { scoreThreshold: score }), ...most };
  if (values.confusion && gt.cats.size > MOST_PRINTED)
    throw new CocoError(`--confusion prints at most ${MOST_PRINTED} categories, there are ${gt.cats.size}`);
  const confusion = values.confusion
    ? confusionMatrix(gt.objects(), dt.objects(), { scoreThreshold: score ?? 0.25, ...most })
    : undefined;
  if (values.curves !== undefined) await writeWhole(values.curves, curvesCsv(evaluation.eval!, gt));
  const tide = values.tide
    ? {
        errors: tideErrors(gt.objects(), dt.objects(), looked),
        costs: tideCosts(gt.objects(), dt.objects(), looked),
      }
    : undefined;
  const calibrated = values.calibration ? calibration(outcomes(everySize(evaluation))) : undefined;
  if (values.json) {
    const stats = Object.fromEntries(evaluation.statNames.map((name, i) => [name, evaluation.stats[i]]));
    const matrix = confusion && {
      categories: confusion.categories,
      counts: rowsOf(confusion.counts, confusion.categories.length + 1),
    };
    print(toJson({ type, stats, interval, perClass: classes, confusion: matrix, tide, calibration: calibrated }));
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
    const rows = rowsOf(confusion.counts, names.length).map((row, i) => [valueAt(names, i), ...row]);
    for (const line of ['', 'rows: truth, columns: detection', ...table(['', ...names], rows)]) print(line);
  }
  if (tide) for (const line of ['', ...tideLines(tide)]) print(line);
  if (calibrated) for (const line of ['', ...calibrationLines(calibrated)]) print(line);
  return 0;
}

const warn = (note: string): void => console.error(`coco-ts eval: ${escaped(note)}`);

/** Numbers, separated by commas or blanks, or a file of such, or with a JSON list. */
function readSigmas(given: string): number[] {
  const isFile = /[^\d\s.,eE+-]/.test(given);
  const text = isFile ? new TextDecoder().decode(readFile(given, { limit: LONGEST_SIGMAS })) : given;
  const sigmas = text
    .replace(/^\s*\[|\]\s*$/g, '')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  if (sigmas.length === 0) throw new ArgumentError(`--sigmas ${given}: no number`);
  return sigmas.map((word) => real(word, 'sigmas', 1e-9, 1e6));
}

/** Matchings in the first size range, `all`. */
const everySize = ({ evalImgs, params }: COCOeval): (EvalImage | null)[] =>
  cellsOfArea(evalImgs, params.areaRng.length, params.imgIds.length);

const rowsOf = (counts: Uint32Array, n: number): number[][] =>
  Array.from({ length: n }, (_, i) => [...counts.subarray(i * n, (i + 1) * n)]);
