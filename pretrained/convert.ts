import { CAFFE, type Preprocessing } from '../backbones/backbone.js';
import { foldStem } from '../backbones/stem.js';
import { WeightsError } from '../engine/errors.js';
import type { HostTensor, HostTensors } from '../weights/hostTensor.js';
import type { LazyTensor, WeightsFile } from '../weights/weightsFile.js';
import { fileShape } from './layout.js';
import { preprocessingOf } from './metadata.js';
import { foldedLayers } from './naming/folded.js';
import { foldedDetector, isDetector } from './naming/foldedDetector.js';
import { normalizationLayers, normalizationOf, unclear } from './naming/kerasNormalization.js';
import { type Match, matchNames } from './naming/match.js';
import { fitsParameter, placedTensor } from './placement.js';
import type { ParameterSlot, Slots } from './slot.js';
import { checkComplete, type LoadReport, wholeNumbers } from './stateDict.js';

export interface Conversion {
  /** Whose names the file has, e.g. 'Keras EfficientNet'; or 'graph': its layers were taken in their order. */
  readonly scheme: string;
  /** What stood before the network's names in the file, e.g. 'model.'; '': nothing. */
  readonly prefix: string;
  /** By parameter name; shapes in PyTorch's layout where the tensor fits, as in the file where not. */
  readonly report: LoadReport;
  /** The state dict that `loadStateDict` takes: float32, PyTorch's layout, our names. */
  readonly tensors: HostTensors;
  /** What the weights expect of an image, of RGB images; null: what the network says. */
  readonly preprocessing: Preprocessing | null;
}

export interface ConvertOptions {
  /**
   * How images were prepared for the weights: as Caffe does it, in BGR; or as our network says. Defaults to what the
   * file's metadata or its `Normalization` layer say, or to how the published weights of such names were trained.
   */
  readonly preparation?: 'caffe' | 'own';
  /** What stands before the network's names in the file, e.g. 'model.backbone'. Defaults to what fits best. */
  readonly prefix?: string;
  /**
   * Parameters that the file may lack or have in another shape, and tensors of the file that may stay unused:
   * names, or beginnings of names that end in '*'.
   */
  readonly partial?: readonly string[];
  /** Called before anything is refused. */
  readonly onReport?: (conversion: Conversion) => void;
}

/** What is filled: parameters, and the path of the convolution that sees the image, where RGB weights are to fit others. */
export interface Target extends Slots {
  readonly stem?: string;
}

/** Everything is reported, nothing refused. */
export const ANYTHING = ['*'] as const;

/**
 * The tensors of a file as a state dict of `module`: renamed from timm, torchvision, EfficientNet-PyTorch, effdet, Keras,
 * TFLite or ONNX, with their axes turned, each read once. The module itself stays as it is.
 *
 * @throws WeightsError when anything is missing, unexpected or of another shape that `partial` does not list
 */
export function convertWeights(
  file: WeightsFile,
  module: Target,
  { partial = [], onReport, preparation, prefix }: ConvertOptions = {},
  match: Match = matchNames(file, module, prefix),
): Conversion {
  const isWhole = [...module.parameters.keys()].every((name) => match.found.has(name));
  const conversion =
    file.layers && !isWhole ? fromLayers(file, module, match) : fromNames(file, module, match, preparation);
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

function fromNames(
  file: WeightsFile,
  module: Target,
  match: Match,
  preparation: ConvertOptions['preparation'],
): Conversion {
  const { scheme, found, prefix } = match;
  const tensors = new Map<string, HostTensor>();
  const missing: string[] = [];
  const reshaped: LoadReport['reshaped'][number][] = [];
  for (const [name, parameter] of module.parameters) {
    const tensor = found.get(name);
    const slot = tensor && fittingSlot(tensor, name, parameter, module, match);
    if (!tensor) missing.push(name);
    else if (!slot)
      reshaped.push({ name, file: tensor.shape, module: fileShape(parameter.variable.shape, parameter.layout) });
    else if (!/^F/.test(tensor.dtype)) throw wholeNumbers(name, tensor.dtype);
    else tensors.set(name, placedTensor(tensor, slot, scheme.order));
  }
  const unexpected = [...found.keys()].filter((name) => !module.parameters.has(name));
  const report = { loaded: [...tensors.keys()], missing, unexpected, reshaped };
  const preprocessing = preparation === 'own' ? null : prepared(file, match, tensors, preparation);
  return { scheme: scheme.name, prefix, report, preprocessing, tensors: stemFolded(tensors, module) };
}

/** The parameter that a tensor fits: as it is, or for RGB images where it sees those of other channels; null: neither. */
function fittingSlot(
  { shape }: LazyTensor,
  name: string,
  parameter: ParameterSlot,
  { stem }: Target,
  { scheme }: Match,
): ParameterSlot | null {
  if (fitsParameter(shape, parameter, scheme.order)) return parameter;
  if (stem === undefined || name !== `${stem}.weight`) return null;
  const rgb = forImages(parameter, RGB);
  return fitsParameter(shape, rgb, scheme.order) ? rgb : null;
}

const RGB = 3;

/** The first convolution, [kh, kw, in, out], for images of so many channels. */
function forImages(parameter: ParameterSlot, channels: number): ParameterSlot {
  const [height = 1, width = 1, , out = 1] = parameter.variable.shape;
  return { ...parameter, variable: { shape: [height, width, channels, out] } };
}

/** The same tensors, the first convolution made to fit the images of the network. */
function stemFolded(tensors: HostTensors, { stem, parameters }: Target): HostTensors {
  const channels = parameters.get(`${stem}.weight`)?.variable.shape[2];
  return stem !== undefined && channels !== undefined && tensors.has(`${stem}.weight`)
    ? foldStem(tensors, stem, channels)
    : tensors;
}

/** A graph has no batch norms left: each layer's values become a convolution and a norm that only adds. */
function fromLayers(file: WeightsFile, module: Target, match: Match): Conversion {
  const { stem, parameters } = module;
  const first = parameters.get(`${stem}.weight`);
  // Graphs are exported of networks that see RGB images, or of those that see what this one does.
  const seesRgb = first && first.variable.shape[2] !== RGB && firstWeightOf(file, RGB, first);
  const slots = seesRgb ? { parameters: new Map([...parameters, [`${stem}.weight`, forImages(first, RGB)]]) } : module;
  const fill = isDetector(module) ? foldedDetector : foldedLayers;
  const { tensors, missing, unexpected, reshaped } = fill(file, slots, match);
  return {
    scheme: 'graph',
    prefix: match.prefix,
    report: { loaded: [...tensors.keys()], missing, unexpected, reshaped },
    tensors: stemFolded(tensors, module),
    preprocessing: preprocessingOf(file.metadata),
  };
}

function firstWeightOf({ layers = [], tensors }: WeightsFile, channels: number, { variable }: ParameterSlot): boolean {
  const [height = 1, width = 1, , out = 1] = variable.shape;
  const shape = tensors.get(layers[0]?.weight ?? '')?.shape ?? [];
  return shape.reduce((product, size) => product * size, 1) === height * width * channels * out;
}

/** What the weights expect of an image; those of BGR images are made to fit RGB ones. */
function prepared(
  file: WeightsFile,
  { scheme: { name, caffeStem, normalises } }: Match,
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

/** Whether a name is among the patterns: names, and beginnings of names before a '*'. */
export function allowance(patterns: readonly string[]): (name: string) => boolean {
  const beginnings = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  const names = new Set(patterns);
  return (name) => names.has(name) || beginnings.some((beginning) => name.startsWith(beginning));
}
