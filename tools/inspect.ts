import { BACKBONE_ARCHS } from '../backbones/index.js';
import { didYouMean } from '../configs/suggestion.js';
import { ready } from '../engine/engine.js';
import { ConfigError } from '../engine/errors.js';
import { PRESET_NAMES } from '../heads/index.js';
import { describeModels, modelRows } from './inspectAll.js';
import { describeGraph, graphRows } from './inspectGraph.js';
import { backboneTables, describeBackbone, detectorTables } from './inspectTables.js';
import { createOutput, type Output } from './output.js';
import { formatTable } from './table.js';

export interface InspectOptions {
  readonly all?: boolean;
  readonly markdown?: boolean;
  readonly graph?: boolean;
  readonly json?: boolean;
}

/** Prints the resolved tables of a backbone, or of a detector with COCO's 90 category ids; or one row for each network. */
export async function inspect(name: string | undefined, { all, markdown, graph, json }: InspectOptions): Promise<void> {
  const output = createOutput(json === true);
  if (name !== undefined && all !== true && markdown !== true) return inspectOne(name, output, graph === true);
  if (name !== undefined || all !== true) {
    throw new ConfigError('give one model, or --all: one table of all, with --markdown for a page');
  }
  const rows = modelRows();
  output.result(rows, describeModels(rows, { markdown: markdown === true }));
}

async function inspectOne(name: string, output: Output, graph: boolean): Promise<void> {
  const arch = BACKBONE_ARCHS.find((candidate) => candidate === name);
  const preset = PRESET_NAMES.find((candidate) => candidate === name);
  const known = [...BACKBONE_ARCHS, ...PRESET_NAMES];
  if (arch === undefined && preset === undefined) {
    throw new ConfigError(
      `there is no model '${name}'${didYouMean(name, known) || `; choose one of ${known.join(', ')}`}`,
    );
  }
  if (graph) {
    const rows = await graphRows((arch ?? preset) as NonNullable<typeof arch | typeof preset>);
    output.result(rows, describeGraph(rows));
    return;
  }
  await ready({ engine: 'wasm' });
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
