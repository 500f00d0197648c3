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
  const thread = new Worker(new URL('./threadProgram.js', import.meta.url), { workerData: { engine, files } });
  let milliseconds = 0;
  const next = (): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const settle = (act: () => void) => () => {
        thread.removeAllListeners();
        act();
      };
      thread.once('message', (answer: Answer) => settle(() => resolve(answer))());
      thread.once('error', (error) => settle(() => reject(error))());
      thread.once('exit', () =>
        settle(() => reject(new EngineError(`the thread of the ${engine} engine has ended`)))(),
      );
    });
  const outputsOf = async () => {
    const answer = await next();
    if ('problem' in answer) throw new EngineError(`${engine}: ${answer.problem}`);
    milliseconds = answer.milliseconds;
    return answer.outputs;
  };
  await outputsOf();
  return {
    run: (inputs) => {
      thread.postMessage(inputs);
      return outputsOf();
    },
    dispose: async () => {
      await thread.terminate();
    },
    spent: () => milliseconds,
  };
}
