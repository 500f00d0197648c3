import { BACKBONE_ARCHS } from '../../backbones/index.js';
import { didYouMean } from '../../datasets/suggestion.js';
import { ready } from '../../engine/engine.js';
import { ConfigError } from '../../engine/errors.js';
import { PRESET_NAMES } from '../../heads/index.js';
import { createOutput, type Output } from '../output.js';
import { formatTable } from '../table.js';
import { describeModels, type ModelRow, modelRows } from './all.js';
import { type BackboneRow, backboneRows, describeBackbones, describeFamilies, listFamilies } from './backbones.js';
import { describeGraph, graphRows } from './graph.js';
import { backboneTables, describeBackbone, detectorTables } from './tables.js';

export interface InspectOptions {
  readonly all?: boolean;
  readonly backbones?: boolean;
  readonly markdown?: boolean;
  readonly graph?: boolean;
  readonly json?: boolean;
}

/** Prints the resolved tables of a backbone, or of a detector with COCO's 90 category ids; or one row for each network. */
export async function inspect(name: string | undefined, options: InspectOptions): Promise<void> {
  const { all = false, backbones = false, markdown = false, graph = false } = options;
  const output = createOutput(options.json === true);
  if (name !== undefined && !all && !backbones && !markdown) return inspectOne(name, output, graph);
  if (name !== undefined || all === backbones) {
    throw new ConfigError('give one model; or --all or --backbones: one table of all, with --markdown for a page');
  }
  const counted = backboneRows();
  if (backbones) {
    output.result(counted, describeBackbones(counted, { markdown }));
    return;
  }
  const rows = modelRows();
  output.result({ networks: rows, backbones: counted }, describeAll(rows, counted, { markdown }));
}

/** Networks, and the families of backbones they can be made of. */
export function describeAll(
  networks: readonly ModelRow[],
  backbones: readonly BackboneRow[],
  layout: { readonly markdown: boolean },
): string {
  const families = layout.markdown ? listFamilies(backbones) : describeFamilies(backbones);
  return `${describeModels(networks, layout)}\n\n${families}`;
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
  if (arch !== undefined) {
    const tables = backboneTables(arch);
    output.result(tables, describeBackbone(tables));
    return;
  }
  if (preset === undefined) return;
  await ready({ engine: 'wasm' });
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
