import {
  architectureOf,
  type BackboneArch,
  countNetwork,
  countParameters,
  createClassifier,
  type Level,
  type Module,
} from '../../backbones/index.js';
import { anchorsPerCell, createDetector, PRESETS, type PresetName } from '../../heads/index.js';
import { DEFAULT_ANCHORS } from '../../heads/retina/anchors.js';
import { formatTable } from '../table.js';
import { peakBytes } from './memory.js';
import { describeField, type StageTable, traceStages } from './stages.js';

export interface BackboneTables {
  readonly arch: BackboneArch;
  /** Sides of the image that is counted with. */
  readonly inputPixels: number;
  readonly stages: readonly StageTable[];
  /** Parameters of all stages and the stem. */
  readonly parameters: number;
  readonly macs: number;
  readonly activations: number;
  /** Most bytes of maps at one time, for one image. */
  readonly peakBytes: number;
  /** The whole network with a classifier of 1000 classes. */
  readonly classifier: { readonly parameters: number; readonly macs: number };
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

/** Counts a backbone by stage, for RGB images of `pixels` x `pixels`, by default its own; no engine is needed. */
export function backboneTables(arch: BackboneArch, pixels?: number): BackboneTables {
  const network = architectureOf(arch);
  const inputPixels = pixels ?? network.inputPixels;
  const image = [inputPixels, inputPixels, 3] as const;
  const classifier = countNetwork(() => createClassifier({ arch, classes: 1000, frozen: 'all', seed: 1 }), image);
  const { stages, operations, imageId, mapIds } = traceStages(network, image);
  const total = (of: (stage: StageTable) => number): number => stages.reduce((sum, stage) => sum + of(stage), 0);
  return {
    arch,
    inputPixels,
    stages,
    parameters: total(({ parameters }) => parameters),
    macs: total(({ macs }) => macs),
    activations: total(({ activations }) => activations),
    peakBytes: peakBytes(operations, new Map([[imageId, inputPixels ** 2 * 3]]), mapIds),
    classifier: { parameters: classifier.parameters, macs: classifier.macs + classifier.mapMacs },
  };
}

/** Builds the detector and counts. An engine must be open. */
export function detectorTables(name: PresetName): DetectorTables {
  const { backbone, neck, inputSize } = PRESETS[name];
  const [pixels] = inputSize;
  const { channels, repeats: cells, fusion, levels } = neck;
  const { model } = createDetector({ preset: name, classes: COCO_CLASSES });
  try {
    const parts = ['backbone', 'fpn', 'class_net', 'box_net'];
    const counts = parts.map((part) => [part, countParameters(below(model, `${part}.`))] as const);
    return {
      name,
      backbone: backboneTables(backbone.arch, pixels),
      inputPixels: pixels,
      fusion,
      cells,
      levels: levels.map((level: Level) => {
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

/** Its stages as text, under lines with the totals. */
export function describeBackbone(tables: BackboneTables): string {
  const { arch, inputPixels, stages, parameters, macs, activations, peakBytes: peak, classifier } = tables;
  const rows = stages.map((stage) => [
    ...[stage.tap, stage.level ?? '', stage.stride, stage.size.join(' x '), stage.channels],
    ...[stage.parameters, stage.macs, stage.activations, describeField(stage.receptiveField)],
  ]);
  const header = ['stage', 'map', 'stride', 'cells', 'channels', 'parameters', 'MACs', 'activations', 'sees, pixels'];
  const whole = `${group(classifier.parameters)} parameters and ${group(classifier.macs)} MACs with 1000 classes`;
  return [
    `${arch}, ${inputPixels} x ${inputPixels}: ${group(parameters)} parameters without a classifier; ${whole}`,
    `features of one image: ${group(macs)} MACs, ${group(activations)} activations, at most ${mebibytes(peak)} of maps at a time`,
    formatTable(header, rows),
  ].join('\n');
}

const group = (count: number): string => count.toLocaleString('en-US');
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** The parameters whose names start so, without that start; owns nothing. */
function below(module: Module, prefix: string): Module {
  const entries = [...module.parameters].filter(([name]) => name.startsWith(prefix));
  return { parameters: new Map(entries.map(([name, value]) => [name.slice(prefix.length), value])), dispose: () => {} };
}
