import { Option } from 'commander';

/** Options that several commands have. */
export const engine = (): Option =>
  new Option('--engine <name>', 'run on this engine').choices(['tensorflow', 'wasm', 'webgpu', 'cpu']);
/** For commands that only answer: ONNX Runtime, too. */
export const engineOrRuntime = (): Option =>
  new Option('--engine <name>', 'run on this engine; onnxruntime: the package onnxruntime-node').choices([
    ...['tensorflow', 'wasm', 'webgpu', 'cpu'],
    'onnxruntime',
  ]);
export const offline = (): Option => new Option('--offline', 'never download anything');
/** Option of commands that read what somebody else may have written. */
export const allowModules = (): Option =>
  new Option(
    '--allow-modules',
    'run the code that a run or config names although none of your configs named it as it is',
  );
export const json = (): Option => new Option('--json', 'print one JSON value on stdout, everything else on stderr');
export const prefix = (): Option =>
  new Option(
    '--prefix <names>',
    "what stands before the network's names in the file, e.g. model.backbone (default: what fits best)",
  );
