import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { SplitName } from '../configs/datasets.js';
import { describeRun } from '../configs/describe.js';
import { runOf } from '../configs/openModel.js';
import { openRun } from '../configs/run.js';
import type { Description } from '../deploy/description.js';
import { type Suppression, suppressedAnswer } from '../deploy/exportOnnx.js';
import type { FormatName } from '../deploy/formatNames.js';
import { type ExportedFile, formatOf } from '../deploy/formats.js';
import { ConfigError, WeightsError } from '../engine/errors.js';
import { makeFolder, writeWhole } from '../engine/files/write.js';
import { shownName } from '../engine/printable.js';
import { megabytes } from '../pretrained/index.js';
import { writeZip } from '../weights/bytes/zipWriter.js';
import { openDataOf } from './answering.js';
import { type EngineOptions, openEngine } from './engine.js';
import { createOutput } from './output.js';
import { describeParity, verifyExport } from './verifyExport.js';

interface ExportCommand extends EngineOptions {
  readonly to: FormatName;
  readonly out?: string;
  readonly precision: Description['precision'];
  readonly nms: Suppression;
  readonly size?: readonly [height: number, width: number];
  readonly batch: number;
  readonly licence?: string;
  readonly verify?: string;
  readonly split?: SplitName;
  readonly json?: boolean;
}

/** Of a bundle that is one file. */
const ARCHIVE = '.espalier';
const REMEDY = 'choose another place with --out';

/** Writes the network of a run, its averaged weights, as a file for other programs. */
export async function exportModel(named: string, command: ExportCommand): Promise<void> {
  const output = createOutput(command.json === true);
  const format = formatOf(command.to);
  if (command.precision === 'f16' && !format.hasHalves)
    throw new ConfigError(`--to ${command.to} is written in f32 alone: leave --precision out`);
  if (command.nms === 'graph' && !format.hasSuppression)
    throw new ConfigError(`--to ${command.to} has no suppression of boxes in its graph: leave --nms out`);
  const folder = runOf(named);
  await openEngine(command, output);
  const run = openRun(folder, { batch: command.batch, inputSize: command.size });
  try {
    const { exported } = run.network.model;
    const head = run.experiment.model.head.kind;
    if (!exported) throw new ConfigError(`a network with the head ${head} cannot be exported yet`);
    const { version } = createRequire(import.meta.url)('espalier/package.json') as { readonly version: string };
    const description = describeRun(run, exported.reading, {
      batch: command.batch,
      precision: command.precision,
      licence: command.licence ?? null,
      producer: `espalier ${version}`,
    });
    const { nms, batch } = command;
    const files = await format.write({ model: run.network.model, description, nms, batch });
    const path = command.out ?? join(folder, `model${format.ending}`);
    write(path, files);
    const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
    const { size } = description.input;
    const said = `${shownName(path)}: ${description.task}, ${size.join(' x ')} pixels, ${command.precision}, ${megabytes(bytes)}`;
    if (command.verify === undefined) return output.result({ path, format: command.to, bytes, description }, said);
    const { dataset, split } = await openDataOf(command.verify, command.split, run.labels);
    output.note(`${split}: ${dataset.size} images`);
    const answer = command.nms === 'graph' ? suppressedAnswer(description.answer) : description.answer;
    const parity = await verifyExport(run, files, description, answer, dataset);
    if (parity.rows.length === 1)
      output.note(
        `nothing here runs ${command.to}: only the trained network was measured; onnxruntime-node runs ONNX files`,
      );
    output.result({ path, format: command.to, bytes, description, parity }, `${said}\n${describeParity(parity)}`);
    if (parity.failures.length > 0) throw new WeightsError(parity.failures.join('; '));
  } finally {
    run.dispose();
  }
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
