import {
  countParameters,
  createEfficientNet,
  type EfficientNetArch,
  efficientNetPlan,
  type Level,
  type Module,
} from '../backbones/index.js';
import { DEFAULT_ANCHORS } from '../heads/detection/anchors.js';
import { anchorsPerCell, createDetector, PRESETS, type PresetName } from '../heads/index.js';
import { formatTable } from './table.js';

export interface StageTable {
  readonly path: string;
  /** The feature map read after this stage. */
  readonly level: Level | null;
  readonly blocks: number;
  readonly kernel: number;
  /** Input pixels per cell after this stage. */
  readonly stride: number;
  readonly channels: number;
  readonly parameters: number;
}

export interface BackboneTables {
  readonly arch: EfficientNetArch;
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

/** Builds the backbone and counts. An engine must be open. */
export function backboneTables(arch: EfficientNetArch): BackboneTables {
  const backbone = createEfficientNet({ arch, frozen: 'none', seed: 1 });
  try {
    return tablesOf(arch, backbone);
  } finally {
    backbone.dispose();
  }
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
  const rows = stages.map(({ path, level, blocks, kernel, stride, channels, parameters }) => [
    path,
    level ?? '',
    blocks,
    kernel,
    stride,
    channels,
    parameters,
  ]);
  const header = ['stage', 'map', 'blocks', 'kernel', 'stride', 'channels', 'parameters'];
  const total = parameters.toLocaleString('en-US');
  return [
    `${arch}, ${inputPixels} x ${inputPixels}: ${total} parameters without a classifier`,
    formatTable(header, rows),
  ].join('\n');
}

function tablesOf(arch: EfficientNetArch, backbone: Module): BackboneTables {
  const plan = efficientNetPlan(arch);
  const stem = countParameters(below(backbone, 'conv_stem.')) + countParameters(below(backbone, 'bn1.'));
  const first: StageTable = {
    ...{ path: 'conv_stem', level: null, blocks: 1, kernel: 3, stride: 2 },
    ...{ channels: plan.stemChannels, parameters: stem },
  };
  const stages = plan.stages.map(({ path, level, stride, channels, blocks }) => ({
    ...{ path, level, stride, channels },
    blocks: blocks.length,
    kernel: blocks[0]?.kernel ?? 0,
    parameters: countParameters(below(backbone, `${path}.`)),
  }));
  return { arch, inputPixels: plan.inputPixels, stages: [first, ...stages], parameters: countParameters(backbone) };
}

/** The parameters whose names start so, without that start; owns nothing. */
function below(module: Module, prefix: string): Module {
  const entries = [...module.parameters].filter(([name]) => name.startsWith(prefix));
  return { parameters: new Map(entries.map(([name, value]) => [name.slice(prefix.length), value])), dispose: () => {} };
}
