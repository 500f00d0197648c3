import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { rangesOn } from '../configs/calibrate.js';
import { openSplit, type SplitName } from '../configs/datasets.js';
import { describeRun } from '../configs/describe.js';
import { runOf } from '../configs/openModel.js';
import { openRun, type Run } from '../configs/run.js';
import type { Description } from '../deploy/description.js';
import type { MeasureRanges, Suppression } from '../deploy/exportOnnx.js';
import type { Calibration, FormatName } from '../deploy/formatNames.js';
import { type ExportedFile, formatOf } from '../deploy/formats.js';
import { ConfigError, WeightsError } from '../engine/errors.js';
import { makeFolder, writeWhole } from '../engine/files/write.js';
import { shownName } from '../engine/printable.js';
import { suppressedReading } from '../heads/answers/answers.js';
import { megabytes } from '../pretrained/index.js';
import { writeZip } from '../weights/bytes/zipWriter.js';
import { openDataOf } from './answering.js';
import { type EngineOptions, openEngine } from './engine.js';
import { createOutput } from './output.js';
import { tfliteOf } from './tflite.js';
import { describeParity, parityMarkdown, verifyExport, type Written } from './verify/verify.js';

interface ExportCommand extends EngineOptions {
  readonly to: readonly FormatName[];
  readonly out?: string;
  readonly precision: readonly Description['precision'][];
  readonly nms: Suppression;
  readonly size?: readonly [height: number, width: number] | typeof DYNAMIC;
  readonly batch: number | typeof DYNAMIC;
  readonly licence?: string;
  /** For int8: a split of the run's data, a config or a run. */
  readonly calibrate: string;
  readonly calibration: Calibration;
  readonly calibrationImages: number;
  readonly verify?: string;
  readonly split?: SplitName;
  readonly mostDifference?: number;
  readonly mostLoss?: number;
  readonly allowModules?: boolean;
  readonly json?: boolean;
}

/** Word for a size that the file's caller chooses. */
export const DYNAMIC = 'dynamic';
/** Ending of a bundle that is one file. */
const ARCHIVE = '.espalier';
const REMEDY = 'choose another place with --out';
/** Names of the report of --verify, beside what was written. */
const [REPORT, TABLE] = ['parity.json', 'parity.md'];

/** Writes the network of a run, its averaged weights, as files for other programs. */
export async function exportModel(named: string, command: ExportCommand): Promise<void> {
  const output = createOutput(command.json === true);
  const wanted = combinations(command);
  const folder = runOf(named);
  await openEngine(command, output);
  const { allowModules } = command;
  const batch = command.batch === DYNAMIC ? 1 : command.batch;
  const free = [
    ...(command.batch === DYNAMIC ? (['batch'] as const) : []),
    ...(command.size === DYNAMIC ? (['size'] as const) : []),
  ];
  const run = openRun(folder, { batch, inputSize: command.size === DYNAMIC ? undefined : command.size, allowModules });
  try {
    const { exported } = run.network.model;
    const head = run.experiment.model.head.kind;
    if (!exported) throw new ConfigError(`a network with the head ${head} cannot be exported yet`);
    const { version } = createRequire(import.meta.url)('espalier/package.json') as { readonly version: string };
    const { nms } = command;
    const written: Written[] = [];
    for (const each of wanted) refuseOther(pathOf(command, folder, each, wanted.length > 1), each[0]);
    for (const [to, precision] of wanted) {
      const description = describeRun(run, exported.reading, {
        batch,
        free,
        precision,
        licence: command.licence ?? null,
        producer: `espalier ${version}`,
      });
      const measureRanges: MeasureRanges = async (bytes, names) => {
        const { dataset, split } = await openCalibration(run, command.calibrate, allowModules);
        output.note(`calibration: ${command.calibration} of ${split}, ${dataset.size} images`);
        const images = command.calibrationImages;
        return rangesOn(dataset, description, { calibration: command.calibration, images })(bytes, names);
      };
      const { model } = run.network;
      const files = await formatOf(to).write({ model, description, nms, batch, measureRanges, toTflite: tfliteOf });
      const path = pathOf(command, folder, [to, precision], wanted.length > 1);
      write(path, files);
      const answer = nms === 'graph' ? suppressedReading(description.answer) : description.answer;
      written.push({ format: to, files, path, description, answer });
    }
    const told = written.map(({ path, format, files, description }) => ({
      path,
      format,
      bytes: sizeOf(files),
      description,
    }));
    const said = told.map(({ path, bytes, description: { task, input, precision } }) => {
      return `${shownName(path)}: ${task}, ${input.size.join(' x ')} pixels, ${precision}, ${megabytes(bytes)}`;
    });
    const value = told.length === 1 ? told[0] : { files: told };
    if (command.verify === undefined) return output.result(value, said.join('\n'));
    const { dataset, split } = await openDataOf(command.verify, command.split, run.labels, allowModules);
    output.note(`${split}: ${dataset.size} images`);
    const { mostDifference, mostLoss } = command;
    const limits = {
      ...(mostDifference === undefined ? {} : { furthest: mostDifference }),
      ...(mostLoss === undefined ? {} : { loss: mostLoss }),
    };
    const parity = await verifyExport(run, written, dataset, limits, (what) => output.note(`comparing: ${what}`));
    if (parity.missing.length > 0) output.note(`not here, so not compared: ${parity.missing.join(', ')}`);
    const beside = wanted.length > 1 && command.out !== undefined ? command.out : dirname(told[0]?.path ?? folder);
    writeWhole(join(beside, REPORT), [new TextEncoder().encode(`${JSON.stringify(parity, null, 2)}\n`)], REMEDY);
    writeWhole(join(beside, TABLE), [new TextEncoder().encode(parityMarkdown(parity))], REMEDY);
    const report = `report: ${shownName(join(beside, REPORT))}, ${TABLE}`;
    output.result({ ...value, parity }, `${said.join('\n')}\n${describeParity(parity)}\n${report}`);
    if (parity.failures.length > 0) throw new WeightsError(parity.failures.join('; '));
  } finally {
    run.dispose();
  }
}

/** What is to be written: every format in every precision that it has. */
function combinations({
  to,
  precision,
  nms,
  batch,
  size,
}: ExportCommand): readonly (readonly [FormatName, Precision])[] {
  const found = to.flatMap((name) =>
    precision.filter((each) => formatOf(name).precisions.includes(each)).map((each) => [name, each] as const),
  );
  if (nms === 'graph' && (batch === DYNAMIC || size === DYNAMIC))
    throw new ConfigError('--nms graph is for one image of one size: leave dynamic out, or export with --nms none');
  for (const name of to) {
    const { precisions, hasSuppression, hasFreeAxes } = formatOf(name);
    if ((batch === DYNAMIC || size === DYNAMIC) && !hasFreeAxes)
      throw new ConfigError(`--to ${name} has one size of input: leave dynamic out, or export --to onnx`);
    if (nms === 'graph' && !hasSuppression)
      throw new ConfigError(`--to ${name} has no suppression of boxes in its graph: leave --nms out`);
    if (!found.some(([each]) => each === name))
      throw new ConfigError(`--to ${name} is written in ${precisions.join(', ')}, not in ${precision.join(', ')}`);
  }
  return found;
}
type Precision = Description['precision'];

/** Where a file goes: the path asked for, which is a folder of several. */
function pathOf(
  { out }: ExportCommand,
  folder: string,
  [to, precision]: readonly [FormatName, Precision],
  isOneOfSeveral: boolean,
): string {
  const name = `model${precision === 'f32' || !isOneOfSeveral ? '' : `.${precision}`}${formatOf(to).ending}`;
  if (out === undefined) return join(folder, name);
  return isOneOfSeveral ? join(out, name) : out;
}

/** The images that ranges are measured on. */
async function openCalibration(run: Run, source: string, allowModules: boolean | undefined) {
  const split = (['train', 'val', 'test'] as const).find((name) => name === source);
  if (split === undefined) return openDataOf(source, 'train', run.labels, allowModules);
  return { dataset: await openSplit(run.experiment, split, run.labels), split };
}

const sizeOf = (files: readonly ExportedFile[]): number => files.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** A network written before is replaced, a file with another ending never. */
function refuseOther(path: string, format: FormatName): void {
  const endings = [formatOf(format).ending, ARCHIVE].filter((ending) => ending !== '');
  if (!statSync(path, { throwIfNoEntry: false })?.isFile() || endings.some((ending) => path.endsWith(ending))) return;
  throw new ConfigError(`${path} is there, and no ${format} by its name: ${REMEDY}`);
}

/** A folder, a file, or a folder in one file. */
function write(path: string, files: readonly ExportedFile[]): void {
  const isArchive = path.endsWith(ARCHIVE) && files.every(({ name }) => name !== '');
  for (const { name, bytes } of isArchive ? [{ name: '', bytes: writeZip(files) }] : files) {
    const file = name === '' ? path : join(path, name);
    if (!existsSync(dirname(file))) makeFolder(dirname(file), REMEDY);
    writeWhole(file, [bytes], REMEDY);
  }
}
