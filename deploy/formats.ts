import { ConfigError } from '../engine/errors.js';
import type { Graph } from '../engine/graph/graph.js';
import type { Model } from '../heads/model.js';
import { exportStateDict } from '../pretrained/stateDict.js';
import { writeSafetensors } from '../weights/safetensors.js';
import { type Description, metadataOf } from './description.js';
import { exportInt8, exportOnnx, type MeasureRanges, type Suppression } from './exportOnnx.js';
import { type FormatName, PRECISIONS } from './formatNames.js';
import { traceNetwork, traceVariants } from './network.js';
import { graphDefOf } from './tensorflow/graphDef.js';
import { graphModelFiles } from './tensorflow/graphModel.js';
import { savedModelFiles } from './tensorflow/savedModel.js';

/** A file of an export. */
export interface ExportedFile {
  /** Below the export's folder; empty: the export is this file alone. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What formats are written from. */
export interface ExportSource {
  readonly model: Pick<Model<unknown>, 'forward' | 'exported' | 'parameters' | 'preprocessing' | 'dispose'>;
  readonly description: Description;
  readonly nms: Suppression;
  readonly batch: number;
  /** For `tflite`: converts the files of a SavedModel. Defaults to none. */
  readonly toTflite?: (files: readonly ExportedFile[], precision: Description['precision']) => Uint8Array;
  /** For `int8`. Defaults to none. */
  readonly measureRanges?: MeasureRanges;
}

interface Format {
  /** Ending of a default path: of a file, or nothing for a folder. */
  readonly ending: string;
  readonly precisions: readonly Description['precision'][];
  /** A graph that suppresses boxes. */
  readonly hasSuppression: boolean;
  /** Axes of the input may be of any length. */
  readonly hasFreeAxes?: true;
  readonly write: (source: ExportSource) => Promise<readonly ExportedFile[]>;
}

const traced = ({ model, description, batch }: ExportSource, kernels: 'whole' | 'plain'): Promise<Graph> =>
  traceNetwork(model, { inputSize: description.input.size, batch, kernels });

const noRanges: MeasureRanges = async () => {
  throw new ConfigError('int8 needs the ranges of values, which are measured on images');
};

/** What a trained network can be written as. */
export const FORMATS = {
  onnx: {
    ending: '.onnx',
    precisions: PRECISIONS,
    hasSuppression: true,
    hasFreeAxes: true,
    write: async (source) => {
      const { description, nms, measureRanges } = source;
      const graph = await traced(source, 'whole');
      const { size: inputSize, free = [] } = description.input;
      const variants = await traceVariants(source.model, { inputSize, batch: source.batch }, free);
      const bytes =
        description.precision === 'int8'
          ? await exportInt8(graph, description, nms, measureRanges ?? noRanges, variants)
          : exportOnnx(graph, description, nms, variants);
      return [{ name: '', bytes }];
    },
  },
  'graph-model': {
    ending: '.graph-model',
    precisions: ['f32', 'f16'],
    hasSuppression: false,
    write: async (source) => graphModelFiles(graphDefOf(await traced(source, 'plain')), source.description),
  },
  'saved-model': {
    ending: '.saved-model',
    precisions: ['f32', 'f16'],
    hasSuppression: false,
    write: async (source) => savedModelFiles(graphDefOf(await traced(source, 'plain')), source.description),
  },
  tflite: {
    ending: '.tflite',
    precisions: ['f32', 'f16'],
    hasSuppression: false,
    write: async (source) => {
      if (!source.toTflite)
        throw new ConfigError('TFLite files are written by TensorFlow in Python, and none was given');
      const files = savedModelFiles(graphDefOf(await traced(source, 'plain')), {
        ...source.description,
        precision: 'f32',
      });
      return [{ name: '', bytes: source.toTflite(files, source.description.precision) }];
    },
  },
  bundle: {
    ending: '.bundle',
    precisions: ['f32', 'f16'],
    hasSuppression: false,
    write: async (source) => {
      const files = graphModelFiles(graphDefOf(await traced(source, 'plain')), source.description);
      const onnx = exportOnnx(await traced(source, 'whole'), source.description);
      const description = new TextEncoder().encode(`${JSON.stringify(source.description, null, 2)}\n`);
      return [...files, { name: 'model.onnx', bytes: onnx }, { name: 'espalier.json', bytes: description }];
    },
  },
  safetensors: {
    ending: '.safetensors',
    precisions: ['f32'],
    hasSuppression: false,
    write: async ({ model, description }) => {
      const { preprocessing } = model;
      const metadata = { ...metadataOf(description), preprocessing: JSON.stringify(preprocessing) };
      return [{ name: '', bytes: writeSafetensors(await exportStateDict(model), metadata) }];
    },
  },
} as const satisfies { readonly [Name in FormatName]: Format };

/** The format of a name; which it is, is known at run time. */
export const formatOf = (name: FormatName): Format => FORMATS[name];
