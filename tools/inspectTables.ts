import { isBelow } from '../backbones/frozen.js';
import {
  architectureOf,
  type BackboneArch,
  countParameters,
  createBackbone,
  type Level,
  type Module,
} from '../backbones/index.js';
import { withoutValues } from '../engine/shapes/shapes.js';
import { DEFAULT_ANCHORS } from '../heads/detection/anchors.js';
import { anchorsPerCell, createDetector, PRESETS, type PresetName } from '../heads/index.js';
import { formatTable } from './table.js';

export interface StageTable {
  /** Where its map is read, by the original's name. */
  readonly tap: string;
  /** The feature map read after this stage. */
  readonly level: Level | null;
  /** Input pixels per cell after this stage. */
  readonly stride: number;
  readonly channels: number;
  readonly parameters: number;
}

export interface BackboneTables {
  readonly arch: BackboneArch;
  readonly inputPixels: number;
  readonly stages: readonly StageTable[];
  /** Of all stages and the stem. */
  readonly parameters: number;
}

export interface DetectorTables {
  readonly name: PresetName;
  readonly backbone: BackboneTables;
  readonly inputPixels: number;
  readonly fusion: string;
  readonly cells: number;
  readonly levels: readonly {
    readonly level: Level;
    readonly stride: number;
    readonly channels: number;
    readonly anchors: number;
  }[];
  /** By part, with `total`; for 90 classes. */
  readonly parameters: { readonly [part: string]: number };
}

/** Classes of the published parameter counts: COCO's category ids end at 90. */
export const COCO_CLASSES = 90;

/** Counts a backbone's parameters by stage; no engine is needed. */
export function backboneTables(arch: BackboneArch): BackboneTables {
  return withoutValues(() => {
    const backbone = createBackbone({ arch, frozen: 'none', seed: 1 });
    const tables = tablesOf(arch, backbone);
    backbone.dispose();
    return tables;
  }).result;
}

/** Builds the detector and counts. An engine must be open. */
export function detectorTables(name: PresetName): DetectorTables {
  const { backbone: arch, pixels, channels, cells, fusion, levels } = PRESETS[name];
  const { model } = createDetector({ preset: name, classes: COCO_CLASSES });
  try {
    const parts = ['backbone', 'fpn', 'class_net', 'box_net'];
    const counts = parts.map((part) => [part, countParameters(below(model, `${part}.`))] as const);
    return {
      name,
      backbone: tablesOf(arch, below(model, 'backbone.')),
      inputPixels: pixels,
      ...{ fusion, cells },
      levels: levels.map((level) => {
        const stride = 2 ** Number(level.slice(1));
        const anchors = Math.ceil(pixels / stride) ** 2 * anchorsPerCell(DEFAULT_ANCHORS);
        return { level, stride, channels, anchors };
      }),
      parameters: { ...Object.fromEntries(counts), total: countParameters(model) },
    };
  } finally {
    model.dispose();
  }
}

/** Its stages as text, under a line with the total. */
export function describeBackbone({ arch, inputPixels, stages, parameters }: BackboneTables): string {
  const rows = stages.map(({ tap, level, stride, channels, parameters }) => [
    ...[tap, level ?? '', stride, channels, parameters],
  ]);
  const header = ['stage', 'map', 'stride', 'channels', 'parameters'];
  const total = parameters.toLocaleString('en-US');
  return [
    `${arch}, ${inputPixels} x ${inputPixels}: ${total} parameters without a classifier`,
    formatTable(header, rows),
  ].join('\n');
}

function tablesOf(arch: BackboneArch, backbone: Module): BackboneTables {
  const { inputPixels, stages } = architectureOf(arch);
  let stride = 1;
  const rows = stages.map((stage) => {
    stride *= stage.stride;
    const { tap, level, channels } = stage;
    const own = new Map([...backbone.parameters].filter(([name]) => isBelow(stage.paths, name)));
    return { tap, level, stride, channels, parameters: countParameters({ parameters: own, dispose: () => {} }) };
  });
  return { arch, inputPixels, stages: rows, parameters: countParameters(backbone) };
}

/** The parameters whose names start so, without that start; owns nothing. */
function below(module: Module, prefix: string): Module {
  const entries = [...module.parameters].filter(([name]) => name.startsWith(prefix));
  return { parameters: new Map(entries.map(([name, value]) => [name.slice(prefix.length), value])), dispose: () => {} };
}
