import { ConfigError } from '../engine/errors.js';
import type { Graph } from '../engine/graph/graph.js';
import { type Description, metadataOf } from './description.js';
import type { GraphVariant } from './network.js';
import { freed } from './onnx/free.js';
import { type OnnxModel, writeOnnx } from './onnx/model.js';
import { onnxOf } from './onnx/onnx.js';
import { planQuantization, quantized, withOutputs } from './onnx/quantize.js';
import type { Range } from './onnx/ranges.js';
import { withSuppression } from './onnx/suppression.js';

/** Who suppresses overlapping boxes: the graph of the file, or who calls it. */
export type Suppression = 'graph' | 'none';

/** How the outputs are read of a network that suppresses boxes itself. */
export function suppressedAnswer(answer: Description['answer']): Description['answer'] {
  return answer.kind === 'boxes' ? { kind: 'detections', maxDetections: answer.maxDetections } : answer;
}

/** Measures the ranges of values of a network on images. @param bytes an ONNX file with these outputs beside its own */
export type MeasureRanges = (bytes: Uint8Array, names: readonly string[]) => Promise<ReadonlyMap<string, Range>>;

/**
 * A recorded network as the bytes of an ONNX file, with its description in the metadata.
 *
 * @param graph of whole kernels
 * @param variants of each axis that is to be free
 * @throws ConfigError when the format cannot hold it
 */
export function exportOnnx(
  graph: Graph,
  description: Description,
  nms: Suppression = 'none',
  variants: readonly GraphVariant[] = [],
): Uint8Array {
  return finished(modelOf(graph, description, variants), description, nms);
}

function modelOf(graph: Graph, { precision }: Description, variants: readonly GraphVariant[]): OnnxModel {
  const written = (each: Graph) => onnxOf(each, {}, precision === 'f16' ? 'f16' : 'f32');
  const model = written(graph);
  if (variants.length === 0) return model;
  return freed(
    model,
    variants.map(({ axis, graph: other }) => ({ axis, model: written(other) })),
  );
}

/** The same with convolutions in 8 bits. */
export async function exportInt8(
  graph: Graph,
  description: Description,
  nms: Suppression,
  measure: MeasureRanges,
  variants: readonly GraphVariant[] = [],
): Promise<Uint8Array> {
  const model = modelOf(graph, description, variants);
  const plan = planQuantization(model);
  const ranges = await measure(
    writeOnnx(withOutputs(model, plan.activations), versionOf(description)),
    plan.activations,
  );
  return finished(quantized(model, plan, ranges), description, nms);
}

function finished(model: OnnxModel, description: Description, nms: Suppression): Uint8Array {
  const { answer, input } = description;
  const version = versionOf(description);
  if (nms === 'none') return writeOnnx({ ...model, metadata: metadataOf(description) }, version);
  if (answer.kind !== 'boxes')
    throw new ConfigError(`--nms is for detectors: this network answers with ${answer.kind}`);
  const metadata = metadataOf({ ...description, answer: suppressedAnswer(answer) });
  return writeOnnx(withSuppression({ ...model, metadata }, answer, input.size), version);
}

const versionOf = ({ provenance }: Description): string => provenance.producer.replace(/^\S+ /, '');
