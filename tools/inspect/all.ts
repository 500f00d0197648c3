import { isDeepStrictEqual } from 'node:util';
import type { BackboneArch } from '../../backbones/index.js';
import { DEFAULT_BACKBONE, DEFAULT_CROP, detectorSpec } from '../../configs/network.js';
import { type Result, readResults, shippedExperiment } from '../../configs/results.js';
import type { Experiment } from '../../configs/schema.js';
import { ConfigError } from '../../engine/errors.js';
import { DEFAULT_ANCHORS } from '../../heads/detection/anchors.js';
import { anchorsPerCell, type DetectorSpec, PRESET_NAMES, PRESETS, SEGMENTER_LEVELS } from '../../heads/index.js';
import { bifpnConfig } from '../../necks/index.js';
import { type Cell, formatMarkdown, formatTable } from '../table.js';
import { countBackbone, countBiFPN, countDetectionHead, countSemanticHead, type Pyramid } from './counts.js';
import { COCO_CLASSES } from './tables.js';

/** A backbone, a neck and a head that go together. */
export interface ModelRow {
  /** A preset, or the config that puts these parts together. */
  readonly name: string;
  readonly backbone: BackboneArch;
  readonly backboneParameters: number;
  /** Width of the pyramid and BiFPN cells. */
  readonly neck: { readonly channels: number; readonly cells: number };
  readonly head: 'detection' | 'semantic';
  /** [height, width] it was made for. */
  readonly inputSize: readonly [height: number, width: number];
  readonly classes: number;
  /** Of the whole network. */
  readonly parameters: number;
  /** From configs/RESULTS.md; none: not trained. */
  readonly measured: readonly string[];
}

/** Every preset, then the networks of configs that are no preset. Needs no engine. */
export function modelRows(results: readonly Result[] = readResults()): readonly ModelRow[] {
  const rows = new Map<string, ModelRow>();
  for (const name of PRESET_NAMES) rows.set(name, detectorRow(name, PRESETS[name], COCO_CLASSES));
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

const HEADER = ['network', 'backbone', 'BiFPN', 'head', 'pixels', 'parameters', 'measured'];

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
      span(({ neck }) => `${neck.channels} x ${neck.cells}`),
      span(({ head }) => head),
      span(({ inputSize: [height, width] }) => (height === width ? `${height}` : `${height} x ${width}`)),
      span(({ parameters }) => parameters.toLocaleString('en-US')),
      span(({ measured }) => measured.join('; ') || 'not trained'),
    ];
  });
  return markdown ? formatMarkdown(HEADER, cells) : formatTable(HEADER, cells);
}

/** The preset an experiment trains unchanged, whatever its images' size and classes. */
function presetOf({ task, model }: Experiment): string | undefined {
  if (task !== 'detection') return undefined;
  const spec = detectorSpec(model);
  return PRESET_NAMES.find((name) => isDeepStrictEqual(PRESETS[name], spec));
}

/** @throws ConfigError when the config leaves open how many classes there are */
function configRow(name: string, { task, model, data }: Experiment): ModelRow {
  const classes = data.classes.length;
  if (classes === 0) throw new ConfigError(`${name}: its parameters depend on its classes: name them in data.classes`);
  const row =
    task === 'detection' ? detectorRow(name, detectorSpec(model), classes) : segmenterRow(name, model, classes);
  return { ...row, inputSize: model.inputSize ?? row.inputSize };
}

function detectorRow(name: string, spec: DetectorSpec, classes: number): ModelRow {
  const { backbone, channels, cells, levels, fusion, headDepth, pixels } = spec;
  const count = countDetectionHead({
    levels: levels.length,
    channels,
    repeats: headDepth,
    classes,
    anchorsPerCell: anchorsPerCell(DEFAULT_ANCHORS),
  });
  const pyramid = { levels, channels, repeats: cells, fusion };
  return rowOf({ name, backbone, head: 'detection', inputSize: [pixels, pixels], classes }, pyramid, count);
}

function segmenterRow(name: string, model: Experiment['model'], classes: number): ModelRow {
  const defaults = bifpnConfig.parse({ kind: 'bifpn' });
  const channels = model.neckChannels ?? defaults.channels;
  const levels = SEGMENTER_LEVELS[model.outputStride];
  const pyramid: Pyramid = {
    levels,
    channels,
    repeats: model.neckRepeats ?? defaults.repeats,
    fusion: defaults.fusion,
  };
  const backbone = (model.backbone ?? DEFAULT_BACKBONE) as BackboneArch;
  const shape = { levels: pyramid.levels.length, from: channels, channels: model.headChannels, classes };
  const inputSize = DEFAULT_CROP;
  return rowOf({ name, backbone, head: 'semantic', inputSize, classes }, pyramid, countSemanticHead(shape));
}

function rowOf(
  parts: Pick<ModelRow, 'name' | 'backbone' | 'head' | 'inputSize' | 'classes'>,
  pyramid: Pyramid,
  head: number,
): ModelRow {
  const backboneParameters = countBackbone(parts.backbone);
  return {
    ...parts,
    backboneParameters,
    neck: { channels: pyramid.channels, cells: pyramid.repeats },
    parameters: backboneParameters + countBiFPN(parts.backbone, pyramid) + head,
    measured: [],
  };
}
