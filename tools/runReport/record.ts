import { createHash } from 'node:crypto';
import { arch, cpus, platform, totalmem } from 'node:os';
import type { Run } from '../../configs/run.js';
import type { Dataset } from '../../datasets/dataset.js';
import { ConfigError } from '../../engine/errors.js';
import { streamRegular } from '../../engine/files/read.js';
import { readCheckpoint, runFolder } from '../../training/run/index.js';
import { createTail } from '../dashboard/tail.js';

/** What a result follows from, by name. */
export async function recordOf(
  folder: string,
  run: Run,
  dataset: Dataset,
  command: string,
): Promise<readonly (readonly [string, string])[]> {
  const { metadata } = readCheckpoint(run.checkpoint);
  const tail = createTail(runFolder(folder).events);
  await tail.read(0);
  const energy = tail.history.energy.at(-1);
  const versions = Object.entries(metadata.versions).map(([name, version]) => `${name} ${version}`);
  const [cpu] = cpus();
  return [
    ['command', command],
    ['run', metadata.run ?? folder],
    ['checkpoint', `${run.checkpoint}, step ${run.step}`],
    ['SHA-256 of its file', await digestOf(run.checkpoint)],
    ['SHA-256 of the images\u2019 names and truths', digestOfData(dataset)],
    ['seed', String(metadata.seed)],
    ['versions', versions.join(', ')],
    ['engine of the training', metadata.engine ?? 'unknown'],
    [
      'this machine',
      `${platform()} ${arch()}, ${cpus().length} x ${cpu?.model ?? 'unknown'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    ],
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

function digestOfData({ entries }: Dataset): string {
  const hash = createHash('sha256');
  const plain = (_key: string, value: unknown): unknown =>
    ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : value;
  for (const { id, truth } of entries) hash.update(`${id}\n${JSON.stringify(truth, plain)}\n`);
  return hash.digest('hex');
}
