import { isBackboneArch } from '../../backbones/index.js';
import { ConfigError, WeightsError } from '../../engine/errors.js';
import { readText } from '../../engine/files/read.js';
import type { ConvertOptions } from '../../pretrained/convert.js';
import { convertFile } from '../../pretrained/files/convertFile.js';
import { IMAGENET_CLASSES } from '../../pretrained/imagenetClasses.js';
import type { LoadReport } from '../../pretrained/stateDict.js';
import type { CheckpointPart } from '../../weights/index.js';
import { type EngineOptions, openEngine } from '../engine.js';
import { createOutput } from '../output.js';
import { formatTable } from '../table.js';
import { createNamed, usualClasses } from './network.js';

interface ConvertCommand extends EngineOptions {
  readonly arch: string;
  readonly to: string;
  readonly partial: readonly string[];
  readonly classes?: string;
  readonly part?: CheckpointPart;
  readonly preparation?: ConvertOptions['preparation'];
  readonly prefix?: string;
  readonly licence?: string;
  readonly source?: string;
  readonly json?: boolean;
}

/** Weights of another library as a file of ours. */
export async function convertWeightsFile(file: string, options: ConvertCommand): Promise<void> {
  const output = createOutput(options.json === true);
  const { arch, to, partial, part, licence, source, preparation, prefix: givenPrefix } = options;
  const names = classNames(options.classes, arch);
  await openEngine(options, output);
  const { network, goldenPixels } = createNamed(arch, names?.length ?? usualClasses(arch));
  try {
    const { scheme, prefix, report, metadata } = await convertFile(file, network, to, {
      architecture: arch,
      partial,
      onReport: ({ report }) => output.note(describe(report)),
      ...(names ? { classes: names } : {}),
      ...(goldenPixels === undefined ? {} : { goldenPixels }),
      ...(part ? { part } : {}),
      ...(preparation ? { preparation } : {}),
      ...(givenPrefix === undefined ? {} : { prefix: givenPrefix }),
      ...(licence === undefined ? {} : { licence }),
      ...(source === undefined ? {} : { source }),
    });
    const { sha256 } = metadata;
    const value = { file, to, scheme, prefix, architecture: arch, sha256, ...report };
    output.result(value, `${scheme} weights of ${arch}${prefix === '' ? '' : `, by names without '${prefix}'`}: ${to}`);
  } finally {
    network.dispose();
  }
}

/** A JSON list of names, or one name a line; when no file is given ImageNet's of a classifier, none of a detector. */
function classNames(file: string | undefined, arch: string): readonly string[] | null {
  if (file === undefined) return isBackboneArch(arch) ? IMAGENET_CLASSES : null;
  const refuse = (problem: string) => new ConfigError(`--classes ${file}: ${problem}`);
  const text = readText(file, { maxBytes: 2 ** 24, refuse });
  const names = text.trimStart().startsWith('[')
    ? parseList(text, file)
    : text.split('\n').filter((line) => line.trim() !== '');
  if (names.length > 0) return names.map((name) => name.trim());
  throw new ConfigError(`--classes ${file} lists no names`);
}

function parseList(text: string, file: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return value;
  } catch {
    // said below
  }
  throw new WeightsError(`--classes ${file} is no JSON list of names`);
}

/** One line, and a table of what did not go in. */
export function describe({ loaded, missing, unexpected, reshaped }: LoadReport): string {
  const rows = [
    ...missing.map((name) => ['missing', name, '', '']),
    ...unexpected.map((name) => ['unexpected', name, '', '']),
    ...reshaped.map(({ name, file, module }) => ['reshaped', name, `[${file}]`, `[${module}]`]),
  ];
  const counts = `loaded ${loaded.length}, missing ${missing.length}, unexpected ${unexpected.length}, reshaped ${reshaped.length}`;
  return rows.length === 0 ? counts : `${formatTable(['what', 'name', 'file', 'network'], rows)}\n${counts}`;
}
