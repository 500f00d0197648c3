import { WeightsError } from '../engine/errors.js';
import { type ByteSource, memorySource } from './bytes/byteSource.js';
import { isZip, readZip } from './bytes/zip.js';
import { isHdf5 } from './hdf5/header.js';
import { openKeras, openKerasArchive } from './keras.js';
import { isNpy, openNpy } from './npy.js';
import { openNpz } from './npz.js';
import { openOnnx } from './onnx.js';
import { isLegacyPytorch, openPytorch, type PytorchOptions } from './pytorch/pytorch.js';
import { openSafetensors } from './safetensors.js';
import { openTfjs } from './tfjs.js';
import { isTflite, openTflite } from './tflite.js';
import type { WeightsFile } from './weightsFile.js';

/** First match wins. The bytes decide, not the name of the file. */
const FORMATS: readonly {
  readonly matches: (source: ByteSource) => boolean;
  readonly open: (source: ByteSource, options: PytorchOptions) => WeightsFile;
}[] = [
  { matches: isZip, open: openArchive },
  { matches: isHdf5, open: openKeras },
  { matches: isTflite, open: openTflite },
  { matches: isLegacyPytorch, open: openPytorch },
  { matches: isNpy, open: openArray },
  { matches: isSafetensors, open: openSafetensors },
  { matches: (source) => firstText(source) === '{', open: openTfjs },
  { matches: isOnnx, open: openOnnx },
];

/**
 * Opens a file of weights of any format that is read here: safetensors, PyTorch (`.pth`, `.pt`), Keras (`.h5`,
 * `.weights.h5`, `.keras`), TensorFlow Lite, TensorFlow.js (`model.json`), ONNX, NumPy (`.npz`, `.npy`).
 * Names, shapes and types are read at once, values when asked for. Nothing in the file is run.
 *
 * @param source a file (`fileSource` on Node), or bytes
 * @throws WeightsError when the format is none of these or the file is damaged
 */
export function openWeights(source: ByteSource | Uint8Array, options: PytorchOptions = {}): WeightsFile {
  const bytes = source instanceof Uint8Array ? memorySource(source) : source;
  const format = FORMATS.find(({ matches }) => matches(bytes));
  if (format) return format.open(bytes, options);
  throw new WeightsError(
    `${bytes.name} is no format of weights that is known here: safetensors, PyTorch, Keras, TFLite, TensorFlow.js, ONNX, NumPy`,
  );
}

function openArchive(source: ByteSource, options: PytorchOptions): WeightsFile {
  const names = readZip(source).map(({ name }) => name);
  if (names.some((name) => name.endsWith('/data.pkl'))) return openPytorch(source, options);
  if (names.includes('model.weights.h5')) return openKerasArchive(source);
  if (names.length > 0 && names.every((name) => name.endsWith('.npy'))) return openNpz(source);
  throw new WeightsError(`${source.name} is a zip archive, but of neither PyTorch, Keras nor NumPy`);
}

function openArray(source: ByteSource): WeightsFile {
  return { format: 'npy', tensors: new Map([['array', openNpy(source)]]), metadata: {} };
}

/** A header length, then JSON. */
function isSafetensors(source: ByteSource): boolean {
  return source.size > 8 && source.view(8, 1)[0] === 0x7b && source.view(5, 3).every((byte) => byte === 0);
}

function firstText(source: ByteSource): string {
  return new TextDecoder()
    .decode(source.view(0, Math.min(source.size, 64)))
    .trimStart()
    .charAt(0);
}

/** The format has no mark: a model starts with its version, field 1. */
function isOnnx(source: ByteSource): boolean {
  return source.size > 2 && source.view(0, 1)[0] === 0x08;
}
