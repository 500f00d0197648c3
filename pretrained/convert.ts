import { CAFFE, type Preprocessing } from '../backbones/backbone.js';
import { WeightsError } from '../engine/errors.js';
import type { HostTensor, HostTensors } from '../weights/hostTensor.js';
import type { LazyTensor, WeightsFile } from '../weights/weightsFile.js';
import { fileShape } from './layout.js';
import { preprocessingOf } from './metadata.js';
import { foldedLayers } from './naming/folded.js';
import { foldedDetector, isDetector } from './naming/foldedDetector.js';
import { normalizationLayers, normalizationOf, unclear } from './naming/kerasNormalization.js';
import type { Release } from './naming/scheme.js';
import { releaseOf } from './naming/schemes.js';
import { placedShape, placedTensor } from './placement.js';
import type { ParameterSlot, Slots } from './slot.js';
import { checkComplete, DERIVED, type LoadReport, wholeNumbers } from './stateDict.js';

export interface Conversion {
  /** Whose names the file has, e.g. 'Keras EfficientNet'. */
  readonly release: string;
  /** By parameter name; shapes in PyTorch's layout where the tensor fits, as in the file where not. */
  readonly report: LoadReport;
  /** The state dict that `loadStateDict` takes: float32, PyTorch's layout, our names, for RGB images. */
  readonly tensors: HostTensors;
  /** What the weights expect of an image; null: what the network says. */
  readonly preprocessing: Preprocessing | null;
}

export interface ConvertOptions {
  /**
   * How images were prepared for the weights: as Caffe does it, in BGR; or as our network says. When absent: what the
   * file's metadata or its `Normalization` layer say, or how the release was trained.
   */
  readonly preparation?: 'caffe' | 'own';
  /**
   * Parameters that the file may lack or have in another shape, and tensors of the file that may stay unused:
   * names, or beginnings of names that end in '*'.
   */
  readonly partial?: readonly string[];
  /** Called before anything is refused. */
  readonly onReport?: (conversion: Conversion) => void;
}

/** Keras's counter of seen batches. */
const SEED = /(^|\/)seed_generator/;

/**
 * The tensors of a file as a state dict of `module`: renamed from timm, torchvision, EfficientNet-PyTorch, effdet, Keras
 * or TFLite, with their axes turned. The module itself stays as it is.
 *
 * @throws WeightsError when anything is missing, unexpected or of another shape that `partial` does not list
 */
export function convertWeights(
  file: WeightsFile,
  module: Slots,
  { partial = [], onReport, preparation }: ConvertOptions = {},
): Conversion {
  const conversion = file.layers ? fromLayers(file, module) : fromNames(file, module, preparation);
  onReport?.(conversion);
  const { missing, unexpected, reshaped } = conversion.report;
  const isAllowed = allowance(partial);
  checkComplete({
    missing: missing.filter((name) => !isAllowed(name)),
    unexpected: unexpected.filter((name) => !isAllowed(name)),
    reshaped: reshaped.filter(({ name }) => !isAllowed(name)),
  });
  return conversion;
}

function fromNames(file: WeightsFile, module: Slots, preparation: ConvertOptions['preparation']): Conversion {
  const release = releaseOf(file, new Set(module.parameters.keys()));
  const found = renamed(file, release, module);
  const tensors = new Map<string, HostTensor>();
  const missing: string[] = [];
  const reshaped: LoadReport['reshaped'][number][] = [];
  for (const [name, parameter] of module.parameters) {
    const tensor = found.get(name);
    const expected = fileShape(parameter.variable.shape, parameter.layout);
    if (!tensor) missing.push(name);
    else if (!fits(tensor, parameter, release)) reshaped.push({ name, file: tensor.shape, module: expected });
    else if (!/^F/.test(tensor.dtype)) throw wholeNumbers(name, tensor.dtype);
    else tensors.set(name, placedTensor(tensor, parameter, release.order));
  }
  const unexpected = [...found.keys()].filter((name) => !module.parameters.has(name));
  return {
    release: release.name,
    report: { loaded: [...tensors.keys()], missing, unexpected, reshaped },
    tensors,
    preprocessing: preparation === 'own' ? null : prepared(file, release, tensors, preparation),
  };
}

function fits({ shape }: LazyTensor, parameter: ParameterSlot, { order }: Release): boolean {
  const expected = fileShape(parameter.variable.shape, parameter.layout);
  const placed = placedShape(shape, parameter, order);
  return placed.length === expected.length && placed.every((size, axis) => size === expected[axis]);
}

/** TFLite has no batch norm left: each layer's values become a convolution and a norm that only adds. */
function fromLayers(file: WeightsFile, module: Slots): Conversion {
  const fill = isDetector(module) ? foldedDetector : foldedLayers;
  const { tensors, missing, unexpected, reshaped } = fill(file, module);
  return {
    release: 'TFLite',
    report: { loaded: [...tensors.keys()], missing, unexpected, reshaped },
    tensors,
    preprocessing: null,
  };
}

/** What the weights expect of an image; those of BGR images are made to fit RGB ones. */
function prepared(
  file: WeightsFile,
  { name, caffeStem, normalises }: Release,
  tensors: Map<string, HostTensor>,
  preparation: ConvertOptions['preparation'],
): Preprocessing | null {
  if (preparation === undefined) {
    const own = normalises ? normalizationOf(file) : null;
    if (own) return own;
    const [layer] = normalizationLayers(file.tensors);
    if (layer !== undefined) throw unclear(`a layer '${layer}' of its own`);
  }
  if (caffeStem !== undefined) {
    const stem = tensors.get(caffeStem);
    if (stem) tensors.set(caffeStem, reversedInputs(stem));
    return CAFFE;
  }
  if (preparation === undefined) return preprocessingOf(file.metadata);
  throw new WeightsError(`weights of ${name} are not known to see Caffe's images: only Keras ResNet and VGG are`);
}

/** [out, in, kh, kw] for images whose channels come the other way round. */
function reversedInputs({ dtype, shape, data }: HostTensor): HostTensor {
  const [outputs = 1, inputs = 1, ...window] = shape;
  const size = window.reduce((product, side) => product * side, 1);
  const values = new Float32Array(data.length);
  for (let row = 0; row < outputs * inputs; row++) {
    const [output, input] = [Math.floor(row / inputs), row % inputs];
    const from = (output * inputs + inputs - 1 - input) * size;
    values.set((data as Float32Array).subarray(from, from + size), row * size);
  }
  return { dtype, shape, data: values };
}

function renamed({ tensors }: WeightsFile, release: Release, module: Slots): ReadonlyMap<string, LazyTensor> {
  const rename = release.rename(module.parameters.keys());
  const found = new Map<string, LazyTensor>();
  for (const [name, tensor] of tensors) {
    const target = DERIVED.test(name) || SEED.test(name) ? null : rename(name);
    if (target === null) continue;
    if (found.has(target)) throw new WeightsError(`two tensors of the file are both meant for '${target}'`);
    found.set(target, tensor);
  }
  return found;
}

/** Whether a name is among the patterns: names, and beginnings of names before a '*'. */
export function allowance(patterns: readonly string[]): (name: string) => boolean {
  const beginnings = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  const names = new Set(patterns);
  return (name) => names.has(name) || beginnings.some((beginning) => name.startsWith(beginning));
}
