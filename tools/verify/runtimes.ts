import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FormatName } from '../../deploy/formatNames.js';
import type { ExportedFile } from '../../deploy/formats.js';
import type { HostNetwork } from '../../deploy/hostNetwork.js';
import { findBeside, findOnnxRuntime, openOnnxNetwork } from '../../deploy/onnxruntime/onnxruntime.js';
import { openOnnxSession } from '../../deploy/onnxSession.js';
import { openGraphModelNetwork } from '../../deploy/tensorflow/graphModelNetwork.js';
import { findLibrary } from '../../engine/tensorflow/runtime/library.js';
import { openSavedModel } from '../../engine/tensorflow/savedModel.js';
import { findChromium, openInBrowser } from './browser.js';
import { openInThread } from './thread.js';

/** What was exported, and where it lies. */
export interface Exported {
  readonly files: readonly ExportedFile[];
  readonly path: string;
  /** Names of the network's outputs. */
  readonly outputs: readonly string[];
}

/** Something that runs exported files. */
export interface Runtime {
  readonly name: string;
  readonly format: FormatName;
  /** Plain JavaScript takes seconds an image: one image is compared, and nothing measured. */
  readonly isSlow?: true;
  readonly isHere: () => boolean;
  readonly open: (exported: Exported) => Promise<HostNetwork>;
}

const onnxOf = ({ files }: Exported): Uint8Array => files[0]?.bytes ?? new Uint8Array();
const WEB = 'onnxruntime-web';
const hasWeb = (): boolean => findBeside(WEB) !== null;
const hasBrowser = (): boolean => findChromium() !== null;

/** Every runtime that a file is compared on where it is there; the order is that of the report. */
export const RUNTIMES: readonly Runtime[] = [
  {
    name: 'onnxruntime-node',
    format: 'onnx',
    isHere: () => findOnnxRuntime() !== null,
    open: (exported) => openOnnxNetwork(onnxOf(exported)),
  },
  {
    name: 'onnxruntime-web wasm',
    format: 'onnx',
    isHere: hasWeb,
    open: async (exported) => {
      const module = await import(pathToFileURL(findBeside(WEB) ?? '').href);
      return openOnnxSession(module, onnxOf(exported), { executionProviders: ['wasm'] });
    },
  },
  {
    name: 'Chromium, onnxruntime-web wasm',
    format: 'onnx',
    isHere: () => hasWeb() && hasBrowser(),
    open: ({ files }) => openInBrowser('onnxruntime', files),
  },
  {
    name: 'tfjs, engine of the training',
    format: 'graph-model',
    isHere: () => true,
    open: ({ files }) => openGraphModelNetwork(files),
  },
  {
    name: 'tfjs wasm',
    format: 'graph-model',
    isHere: () => true,
    open: ({ files }) => openInThread('wasm', files),
  },
  {
    name: 'tfjs cpu',
    format: 'graph-model',
    isSlow: true,
    isHere: () => true,
    open: ({ files }) => openInThread('cpu', files),
  },
  {
    name: 'Chromium, tfjs wasm',
    format: 'graph-model',
    isHere: hasBrowser,
    open: ({ files }) => openInBrowser('tfjs', files),
  },
  {
    name: "TensorFlow's C library",
    format: 'saved-model',
    isHere: () => findLibrary() !== null,
    open: async ({ path, outputs }) => openSavedModel(join(path, '.'), outputs),
  },
];
