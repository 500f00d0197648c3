import { join } from 'node:path';
import { readNamed } from '../configs/read.js';
import { findRate as find } from '../configs/train.js';
import { ConfigError } from '../engine/errors.js';
import { makeFolder, writeJson, writeWhole } from '../engine/files/write.js';
import { onInterrupt, requireName } from '../training/run/index.js';
import { pngOf } from './draw/raster.js';
import { type EngineOptions, openEngine } from './engine.js';
import { createOutput } from './output.js';
import { ratePlot } from './plots/specs.js';
import { svgOf } from './plots/svg.js';

interface FindRateCommand extends EngineOptions {
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  readonly set: readonly string[];
  readonly data?: string;
  readonly out: string;
  readonly offline?: boolean;
  readonly allowModules?: boolean;
  readonly json?: boolean;
}

const REMEDY = 'choose another folder with --out';

/** Sweeps the learning rate of a config, and draws what it finds. */
export async function findRate(config: string, command: FindRateCommand): Promise<void> {
  const output = createOutput(command.json === true);
  const { set, data, allowModules, from, to, steps, out } = command;
  if (from >= to) throw new ConfigError(`--from ${from} is not below --to ${to}`);
  const experiment = await readNamed(config, { set, allowModules, ...(data === undefined ? {} : { data }) });
  requireName(out);
  const { engine } = experiment;
  await openEngine(command.engine === undefined && engine !== 'auto' ? { ...command, engine } : command, output);
  const interrupt = onInterrupt();
  try {
    const offline = command.offline === true;
    const advice = await find(experiment, { from, to, steps, offline, say: output.note, signal: interrupt.signal });
    if (interrupt.signal.aborted) {
      output.note('stopped: nothing is written');
      process.exitCode = 1;
      return;
    }
    makeFolder(out, REMEDY);
    const svg = await svgOf(ratePlot(advice));
    writeJson(join(out, 'rates.json'), advice, REMEDY);
    writeWhole(join(out, 'rates.svg'), [Buffer.from(svg)], REMEDY);
    writeWhole(join(out, 'rates.png'), [pngOf(svg)], REMEDY);
    const { suggestion, least, points } = advice;
    const figure = (rate: number): string => rate.toPrecision(2);
    const text =
      suggestion === null
        ? `the loss falls nowhere in ${points.length} steps from ${from}: more --steps, or another --from`
        : `the loss falls fastest at ${figure(suggestion)}, and rises from ${figure(least)}: --set train.learningRate=${figure(suggestion)}`;
    output.result({ suggestion, least, steps: points.length, out }, `${text}\n${join(out, 'rates.png')}`);
  } finally {
    interrupt.dispose();
  }
}
