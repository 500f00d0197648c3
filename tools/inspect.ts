import { EFFICIENTNET_ARCHS } from '../backbones/index.js';
import { didYouMean } from '../configs/suggestion.js';
import { ready } from '../engine/engine.js';
import { ConfigError } from '../engine/errors.js';
import { PRESET_NAMES } from '../heads/index.js';
import { type BackboneTables, backboneTables, detectorTables } from './inspectTables.js';
import { createOutput } from './output.js';
import { formatTable } from './table.js';

/** Prints the resolved tables of a backbone, or of a detector with COCO's 90 category ids. */
export async function inspect(name: string, { json }: { readonly json?: boolean }): Promise<void> {
  const arch = EFFICIENTNET_ARCHS.find((candidate) => candidate === name);
  const preset = PRESET_NAMES.find((candidate) => candidate === name);
  const known = [...EFFICIENTNET_ARCHS, ...PRESET_NAMES];
  if (arch === undefined && preset === undefined) {
    throw new ConfigError(
      `there is no model '${name}'${didYouMean(name, known) || `; choose one of ${known.join(', ')}`}`,
    );
  }
  await ready({ engine: 'wasm' });
  const output = createOutput(json === true);
  if (arch !== undefined) {
    const tables = backboneTables(arch);
    output.result(tables, describeBackbone(tables));
    return;
  }
  if (preset === undefined) return;
  const tables = detectorTables(preset);
  const levels = tables.levels.map(({ level, stride, channels, anchors }) => [level, stride, channels, anchors]);
  const parts = Object.entries(tables.parameters).map(([part, count]) => [part, count]);
  const text = [
    describeBackbone(tables.backbone),
    `pyramid (${tables.fusion} fusion, ${tables.cells} cells), input ${tables.inputPixels} x ${tables.inputPixels}`,
    formatTable(['level', 'stride', 'channels', 'anchors'], levels),
    formatTable(['part', 'parameters'], parts),
  ];
  output.result(tables, text.join('\n\n'));
}

function describeBackbone({ arch, inputPixels, stages, parameters }: BackboneTables): string {
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
