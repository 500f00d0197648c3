import { existsSync } from 'node:fs';
import { ConfigError, EspalierError } from '../../engine/errors.js';
import { isWeightsName, weightsEntry } from '../../pretrained/catalogue.js';
import { pullWeights, withWeights } from '../../pretrained/files/index.js';
import { classNamesOf } from '../../pretrained/metadata.js';
import { verifyWeights } from '../../pretrained/verify.js';
import { type EngineOptions, openEngine } from '../engine.js';
import { createOutput } from '../output.js';
import { createNamed, usualClasses } from './network.js';

interface VerifyOptions extends EngineOptions {
  readonly json?: boolean;
}

/** Runs the golden forward of a catalogue name or of a converted file. */
export async function verifyWeightsFile(weights: string, options: VerifyOptions): Promise<void> {
  const output = createOutput(options.json === true);
  const path = isWeightsName(weights) ? await pullWeights(weights, { offline: true }) : weights;
  if (!existsSync(path)) throw new ConfigError(`there is no ${path}: name a file or an entry of the list`);
  await openEngine(options, output);
  await withWeights(path, async (file) => {
    const arch = file.metadata.architecture ?? (isWeightsName(weights) ? weightsEntry(weights).arch : '');
    if (arch === '')
      throw new ConfigError(`${path} does not say its architecture: write it with 'espalier weights convert'`);
    const { network } = createNamed(arch, classNamesOf(file.metadata)?.length ?? usualClasses(arch));
    try {
      const { difference, tolerance, origin } = await verifyWeights(file, network);
      const passed = difference <= tolerance;
      const text = `${weights} (${arch}): off by ${difference.toExponential(1)} of the logits' spread, from the golden of ${origin}; allowed is ${tolerance}`;
      output.result({ weights, architecture: arch, difference, tolerance, origin, passed }, text);
      if (!passed) throw new EspalierError(`${weights} does not compute what it should`);
    } finally {
      network.dispose();
    }
  });
}
