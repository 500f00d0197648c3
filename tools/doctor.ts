import type { EngineName } from '../engine/engine.js';
import { ready } from '../engine/engine.js';
import { EngineError } from '../engine/errors.js';
import { diagnose } from '../engine/tensorflow/runtime/doctor.js';
import '../engine/webgpu/dawn.js';
import { createOutput } from './output.js';

interface DoctorOptions {
  readonly engine?: EngineName;
  readonly json?: boolean;
}

/** What this machine has, what is used and what to do. */
export async function doctor({ engine, json }: DoctorOptions): Promise<void> {
  const output = createOutput(json === true);
  if (engine !== undefined) await ready({ engine });
  const webgpu = await describeWebGpu();
  const diagnosis = await diagnose();
  const { library, version, device, threads, problems } = diagnosis;
  const lines = [
    `engine   ${diagnosis.engine}${version === null ? '' : ` ${version}`}`,
    `library  ${library ?? 'none'}`,
    `device   ${device}, ${threads} thread${threads === 1 ? '' : 's'}`,
    `webgpu   ${webgpu}`,
    ...(problems.length === 0 ? ['no problems'] : problems.map((problem) => `problem  ${problem}`)),
  ];
  output.result(diagnosis, lines.join('\n'));
}

/** The graphics processor that `--engine webgpu` would use, or why there is none. */
async function describeWebGpu(): Promise<string> {
  try {
    return (await ready({ engine: 'webgpu' })).description;
  } catch (error) {
    if (error instanceof EngineError) return `none: ${error.message}`;
    throw error;
  }
}
