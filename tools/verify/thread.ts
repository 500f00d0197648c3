import { Worker } from 'node:worker_threads';
import type { ExportedFile } from '../../deploy/formats.js';
import type { HostNetwork } from '../../deploy/hostNetwork.js';
import { EngineError } from '../../engine/errors.js';
import type { Answer, Setup } from './threadProgram.js';

/**
 * Opens a GraphModel in a thread that has an engine of its own.
 *
 * @throws EngineError with what the thread says
 */
export async function openInThread(engine: Setup['engine'], files: readonly ExportedFile[]): Promise<HostNetwork> {
  const thread = new Worker(new URL('./threadProgram.js', import.meta.url), {
    workerData: { engine, files },
    stderr: true,
  });
  let milliseconds = 0;
  let settle: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void } | null = null;
  thread.on('message', (answer: Answer) => settle?.resolve(answer));
  thread.on('error', (error: Error) => settle?.reject(error));
  thread.on('exit', () => settle?.reject(new EngineError(`the thread of the ${engine} engine has ended`)));
  const next = (): Promise<Answer> =>
    new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
  const outputsOf = async () => {
    const answer = await next();
    if ('problem' in answer) throw new EngineError(`${engine}: ${answer.problem}`);
    milliseconds = answer.milliseconds;
    return answer.outputs;
  };
  try {
    await outputsOf();
  } catch (error) {
    await thread.terminate(); // it would wait for inputs, and the process for it
    throw error;
  }
  return {
    run: (inputs) => {
      const outputs = outputsOf();
      thread.postMessage(inputs);
      return outputs;
    },
    dispose: async () => {
      await thread.terminate();
    },
    spent: () => milliseconds,
  };
}
