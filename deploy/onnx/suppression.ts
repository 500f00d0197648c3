import { valueAt } from '../../engine/checked.js';
import { ConfigError } from '../../engine/errors.js';
import type { DecodeOptions } from '../../heads/boxes/suppression.js';
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor } from './model.js';

/** Below every score: of candidates that never win. */
const NEVER = -1;

/**
 * A detector whose graph suppresses overlapping boxes itself: in place of `boxes` and `scores` it gives `detections` [D, 6], x1 y1
 * x2 y2 in pixels of the input, score, class, best first. Boxes are clipped to the input. Its whole numbers of 64 bits keep it
 * from some graphics processors: for these the boxes are suppressed outside.
 *
 * @param model     of one image, with the outputs `boxes` [1, A, 4] and `scores` [1, A, K]
 * @param inputSize [height, width], pixels
 * @throws ConfigError for several images, and for suppression that ONNX has no operator for
 */
export function withSuppression(
  model: OnnxModel,
  options: DecodeOptions,
  [height, width]: readonly [height: number, width: number],
): OnnxModel {
  const [images = 1, places = 0, classes = 0] = model.outputs.find(({ name }) => name === 'scores')?.shape ?? [];
  if (images !== 1 || typeof places !== 'number' || typeof classes !== 'number')
    throw new ConfigError(`--nms graph is for one image a call, not for ${images}: leave --batch or --nms out`);
  if (options.suppression === 'soft' || options.suppression === 'matrix')
    throw new ConfigError('the run suppresses boxes softly, which ONNX has no operator for: export with --nms none');
  if (options.suppression === 'agnostic')
    throw new ConfigError(
      'the run suppresses boxes of any class, and --nms graph those of one: export with --nms none',
    );
  const nodes: OnnxNode[] = [];
  const tensors: OnnxTensor[] = [];
  const constant = (values: readonly number[], shape: readonly number[], type: OnnxTensor['type']): string => {
    const name = `suppression_constant_${tensors.length}`;
    tensors.push({ name, type, shape, values });
    return name;
  };
  const integers = (...values: readonly number[]): string => constant(values, [values.length], 'int64');
  const float = (value: number): string => constant([value], [], 'float32');
  const node = (
    operator: string,
    inputs: readonly string[],
    attributes: { readonly [name: string]: OnnxAttribute } = {},
    outputs: readonly string[] = [`suppression_${nodes.length}`],
  ): string => {
    nodes.push({ operator, inputs, outputs, attributes });
    return valueAt(outputs, 0);
  };

  // The best pairs of a place and a class.
  const flat = node('Reshape', ['scores', integers(-1)]);
  const most = Math.min(options.maxCandidates, places * classes);
  node('TopK', [flat, integers(most)], { axis: 0, largest: 1, sorted: 1 }, ['best_scores', 'best_pairs']);
  const place = node('Div', ['best_pairs', integers(classes)]);
  const label = node('Sub', ['best_pairs', node('Mul', [place, integers(classes)])]);

  // Their boxes, inside the input; what is left of none of them never wins.
  const all = node('Reshape', ['boxes', integers(-1, 4)]);
  const limits = constant([width, height, width, height], [4], 'float32');
  const chosen = node('Gather', [all, place], { axis: 0 });
  const clipped = node('Min', [node('Max', [chosen, float(0)]), limits]);
  const low = node('Slice', [clipped, integers(0), integers(2), integers(1)]);
  const high = node('Slice', [clipped, integers(2), integers(4), integers(1)]);
  const extent = node('ReduceMin', [node('Sub', [high, low])], { axes: [1], keepdims: 0 });
  const counted = node('Where', [node('Greater', [extent, float(0)]), 'best_scores', float(NEVER)]);

  // Each class by itself: scores [1, K, M], those of other classes never win.
  const range = constant(
    Array.from({ length: classes }, (_, i) => i),
    [classes, 1],
    'int64',
  );
  const own = node('Equal', [range, node('Unsqueeze', [label, integers(0)])]);
  const perClass = node('Unsqueeze', [node('Where', [own, counted, float(NEVER)]), integers(0)]);
  const selected = node('NonMaxSuppression', [
    node('Unsqueeze', [clipped, integers(0)]),
    perClass,
    integers(options.maxDetections),
    float(options.iouThreshold),
    float(below(options.scoreThreshold)),
  ]);

  // The best of all classes.
  const rows = node('Gather', [selected, constant([2], [], 'int64')], { axis: 1 });
  const scores = node('Gather', [counted, rows], { axis: 0 });
  const count = node('Min', [node('Shape', [rows]), integers(options.maxDetections)]);
  node('TopK', [scores, count], { axis: 0, largest: 1, sorted: 1 }, ['kept_scores', 'kept_rows']);
  const kept = node('Gather', [rows, 'kept_rows'], { axis: 0 });
  const column = (name: string): string => node('Unsqueeze', [name, integers(1)]);
  const labels = node('Cast', [node('Gather', [label, kept], { axis: 0 })], { to: 1 });
  node('Concat', [node('Gather', [clipped, kept], { axis: 0 }), column('kept_scores'), column(labels)], { axis: 1 }, [
    'detections',
  ]);
  return {
    ...model,
    nodes: [...model.nodes, ...nodes],
    tensors: [...model.tensors, ...tensors],
    outputs: [{ name: 'detections', type: 'float32', shape: ['detections', 6] }],
  };
}

/** The operator wants scores above its threshold, and ours count from it on. */
const below = (threshold: number): number => (threshold === 0 ? NEVER / 2 : threshold * (1 - 2 ** -22));
