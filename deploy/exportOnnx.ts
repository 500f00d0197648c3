import { ConfigError } from '../engine/errors.js';
import type { Graph } from '../engine/graph/graph.js';
import { type Description, metadataOf } from './description.js';
import { writeOnnx } from './onnx/model.js';
import { onnxOf } from './onnx/onnx.js';
import { withSuppression } from './onnx/suppression.js';

/** Who suppresses overlapping boxes: the graph of the file, or who calls it. */
export type Suppression = 'graph' | 'none';

/**
 * A recorded network as the bytes of an ONNX file, with its description in the metadata.
 *
 * @param graph of whole kernels
 * @throws ConfigError when the format cannot hold it
 */
export function exportOnnx(graph: Graph, description: Description, nms: Suppression = 'none'): Uint8Array {
  const { answer, input, precision, provenance } = description;
  const version = provenance.producer.replace(/^\S+ /, '');
  if (nms === 'none') return writeOnnx(onnxOf(graph, metadataOf(description), precision), version);
  if (answer.kind !== 'boxes')
    throw new ConfigError(`--nms is for detectors: this network answers with ${answer.kind}`);
  const described = metadataOf({ ...description, answer: { kind: 'detections', maxDetections: answer.maxDetections } });
  return writeOnnx(withSuppression(onnxOf(graph, described, precision), answer, input.size), version);
}
