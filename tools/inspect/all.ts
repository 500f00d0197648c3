import { isDeepStrictEqual } from 'node:util';
import { architectureFromConfig } from '../../backbones/index.js';
import { type Result, readResults, shippedExperiment } from '../../configs/results.js';
import type { Experiment } from '../../configs/schema.js';
import { ConfigError } from '../../engine/errors.js';
import { type ModelConfig, PRESET_NAMES, type PresetName, readModel } from '../../heads/index.js';
import { type Cell, formatMarkdown, formatTable } from '../table.js';
import { countBackbone, countModel } from './counts.js';
import { COCO_CLASSES } from './tables.js';

/** A backbone, a neck and a head that go together. */
export interface ModelRow {
  /** A preset, or the config that puts these parts together. */
  readonly name: string;
  readonly backbone: string;
  readonly backboneParameters: number;
  readonly neck: ModelConfig['neck'];
  /** Kind of the head. */
  readonly head: string;
  /** [height, width] it was made for. */
  readonly inputSize: readonly [height: number, width: number];
  readonly classes: number;
  /** Parameters of the whole network. */
  readonly parameters: number;
  /** From configs/RESULTS.md; none: not trained. */
  readonly measured: readonly string[];
}

/** Every preset, then the networks of configs that are no preset. Needs no engine. */
export function modelRows(results: readonly Result[] = readResults()): readonly ModelRow[] {
  const rows = new Map<string, ModelRow>();
  for (const name of PRESET_NAMES) rows.set(name, rowOf(name, readModel({ preset: name }, 'retina'), COCO_CLASSES));
  for (const { config, metric } of results) {
    const own = config.replace(/\.yaml$/, '');
    const experiment = shippedExperiment(config);
    const name = presetOf(experiment) ?? own;
    const row = rows.get(name) ?? configRow(own, experiment);
    const figures = metric === null ? [] : [`${own}: ${metric}`];
    rows.set(name, { ...row, measured: [...row.measured, ...figures] });
  }
  return [...rows.values()];
}

const HEADER = ['network', 'backbone', 'neck', 'head', 'pixels', 'parameters', 'measured'];

/** Lined up for a terminal, a line each; or as a table of a page, where untrained neighbours share a line. */
export function describeModels(rows: readonly ModelRow[], { markdown }: { readonly markdown: boolean }): string {
  const code = (name: string): string => (markdown ? `\`${name}\`` : name);
  const groups: ModelRow[][] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    const joins = markdown && last?.[0] && [last[0], row].every(({ measured }) => measured.length === 0);
    if (joins) last.push(row);
    else groups.push([row]);
  }
  const cells = groups.map((group): readonly Cell[] => {
    const span = (text: (row: ModelRow) => string): string =>
      [...new Set([group[0], group.at(-1)].map((row) => (row ? text(row) : '')))].join(' ... ');
    return [
      span(({ name }) => code(name)),
      span(({ backbone }) => code(backbone)),
      span(({ neck }) => describeNeck(neck)),
      span(({ head }) => head),
      span(({ inputSize: [height, width] }) => (height === width ? `${height}` : `${height} x ${width}`)),
      span(({ parameters }) => parameters.toLocaleString('en-US')),
      span(({ measured }) => measured.join('; ') || 'not trained'),
    ];
  });
  return markdown ? formatMarkdown(HEADER, cells) : formatTable(HEADER, cells);
}

/** The preset an experiment trains unchanged, whatever its images' size and classes. */
function presetOf({ model: { backbone, neck, head } }: Experiment): PresetName | undefined {
  return PRESET_NAMES.find((name) => {
    const preset = readModel({ preset: name }, 'retina');
    return isDeepStrictEqual(
      { arch: preset.backbone.arch, neck: preset.neck, head: shapeOf(preset.head) },
      { arch: backbone.arch, neck, head: shapeOf(head) },
    );
  });
}

/** A head without what changes none of its parameters. */
const shapeOf = ({ loss: _loss, decode: _decode, ...shape }: { readonly [key: string]: unknown }) => shape;

/** @throws ConfigError when the config leaves open how many classes there are */
function configRow(name: string, { model, data }: Experiment): ModelRow {
  const classes = data.classes.length;
  if (classes === 0) throw new ConfigError(`${name}: its parameters depend on its classes: name them in data.classes`);
  const { inputSize, backbone, neck, head } = model;
  return rowOf(name, { inputSize, backbone, neck, head }, classes);
}

function rowOf(name: string, config: ModelConfig, classes: number): ModelRow {
  const { inputSize, backbone, neck, head } = config;
  return {
    name,
    backbone: backbone.arch,
    backboneParameters: countBackbone(architectureFromConfig(backbone)),
    neck,
    head: head.kind,
    inputSize,
    classes,
    parameters: countModel(config, classes),
    measured: [],
  };
}

/** Kind and size: `bifpn 64 x 3`. */
function describeNeck(neck: ModelConfig['neck']): string {
  const width = 'channels' in neck ? ` ${neck.channels}` : '';
  return `${neck.kind}${width}${'repeats' in neck ? ` x ${neck.repeats}` : ''}`;
}
