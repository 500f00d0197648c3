import { createHash } from 'node:crypto';
import type { Run } from '../../configs/run.js';
import type { Dataset } from '../../datasets/dataset.js';
import { ConfigError } from '../../engine/errors.js';
import { streamRegular } from '../../engine/files/read.js';
import { type Checkpoint, describeMachine, readCheckpoint, runFolder } from '../../training/run/index.js';
import { createTail } from '../dashboard/tail.js';

/** What a result follows from, by name. */
export async function recordOf(
  folder: string,
  run: Run,
  dataset: Dataset,
  command: string,
): Promise<readonly (readonly [string, string])[]> {
  const { metadata, tensors } = readCheckpoint(run.checkpoint);
  const tail = createTail(runFolder(folder).events);
  await tail.read(0);
  const { energy: uses, origin } = tail.history;
  const energy = uses.at(-1);
  const versions = Object.entries(metadata.versions).map(([name, version]) => `${name} ${version}`);
  return [
    ['command of this report', command],
    ['command of the training', origin === null ? 'not recorded' : (origin.command ?? 'none: another program trained')],
    ['commit of the folder it was started in', origin?.commit ?? 'none: it was in no git folder'],
    ['run', metadata.run ?? folder],
    ['checkpoint', `${run.checkpoint}, step ${run.step}`],
    ['SHA-256 of its file', await digestOf(run.checkpoint)],
    ['SHA-256 of its weights and states', digestOfWeights(tensors)],
    ['SHA-256 of the images\u2019 names and truths', digestOfData(dataset)],
    ['seed', String(metadata.seed)],
    ['versions', versions.join(', ')],
    ['engine of the training', metadata.engine ?? 'unknown'],
    ['machine of the training', origin?.machine ?? 'not recorded'],
    ['this machine', describeMachine()],
    [
      'energy of the training',
      energy
        ? `${energy.kilowattHours.toPrecision(3)} kWh, ${energy.source === 'RAPL' ? 'measured' : 'estimated'}: ${energy.formula}`
        : 'not recorded',
    ],
  ];
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  const limit = {
    maxBytes: Number.MAX_SAFE_INTEGER,
    refuse: (problem: string) => new ConfigError(`${file}: ${problem}`),
  };
  for await (const part of streamRegular(file, limit)) hash.update(part as Uint8Array);
  return hash.digest('hex');
}

/** Names, shapes and values of tensors in the order of their names: the same for the same weights, whatever file holds them. */
function digestOfWeights(tensors: Checkpoint['tensors']): string {
  const hash = createHash('sha256');
  for (const [name, { shape, data }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name}\n${shape.join(' ')}\n`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

function digestOfData({ entries }: Dataset): string {
  const hash = createHash('sha256');
  const plain = (_key: string, value: unknown): unknown =>
    ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : value;
  for (const { id, truth } of entries) hash.update(`${id}\n${JSON.stringify(truth, plain)}\n`);
  return hash.digest('hex');
}
