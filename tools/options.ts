import { Option } from 'commander';

/** Options that several commands have. */
export const engine = (): Option =>
  new Option('--engine <name>', 'run on this engine').choices(['tensorflow', 'wasm', 'webgpu', 'cpu']);
export const offline = (): Option => new Option('--offline', 'never download anything');
export const json = (): Option => new Option('--json', 'print one JSON value on stdout, everything else on stderr');
