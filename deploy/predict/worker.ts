import * as errors from '../../engine/errors.js';
import type { TaskName } from '../../heads/tasks/names.js';
import { pixelsOf } from '../../training/imageSource.js';
import { firstLine } from '../onnxSession.js';
import type { Answers, OpenModel, OpenModelOptions } from './openModel.js';
import { abortable } from './turns.js';

/** The side of a worker that messages come in and go out of: `self`, a web worker's or one of Node's. */
export interface Port {
  postMessage(message: unknown, transfer?: never): void;
  addEventListener?(
    type: 'message' | 'error',
    listener: (event: { readonly data?: unknown; readonly message?: unknown }) => void,
  ): void;
  on?(type: 'message' | 'error' | 'exit', listener: (value: unknown) => void): unknown;
}

/** What is asked of a worker; answered with the same `id`. */
type Request =
  | { readonly id: number; readonly ask: 'open'; readonly source: unknown; readonly options: object }
  | { readonly id: number; readonly ask: 'predict'; readonly image: unknown }
  | { readonly id: number; readonly ask: 'warmUp' | 'dispose' }
  | { readonly id: number; readonly ask: 'abort' };
type Reply = { readonly id: number } & ({ readonly value: unknown } | { readonly error: ToldError });
interface ToldError {
  readonly name: string;
  readonly message: string;
  /** File of a DataError. */
  readonly file?: string;
  readonly problem?: string;
}

const listen = (port: Port, hear: (message: never) => void): void => {
  if (port.on) port.on('message', hear as (message: unknown) => void);
  else port.addEventListener?.('message', ({ data }) => hear(data as never));
};

/** Hears that a worker has ended, or, in a page, that something of it failed: it may be that its program cannot be loaded. */
function listenToEnd(port: Port, hear: (why: string, isOver: boolean) => void): void {
  if (port.on) {
    port.on('error', (error) => hear(`the worker has failed: ${firstLine(error)}`, true));
    port.on('exit', () => hear('the worker has ended', true));
  } else
    port.addEventListener?.('error', ({ message }) =>
      hear(`the worker has failed: ${message ? firstLine(message) : 'is its program where it is looked for?'}`, false),
    );
}

/** Opens a model in a worker. @param open `openModel` of the worker's own platform */
export type Open = (source: never, options: never) => Promise<OpenModel<TaskName, never>>;

/** Answers what `openModelInWorker` asks: the whole program of a worker. */
export function createServe(open: Open) {
  return (port: Port): void => {
    let model: OpenModel<TaskName, never> | null = null;
    let isOpening = false;
    const aborts = new Map<number, AbortController>();
    const answer = async (
      request: Exclude<Request, { readonly ask: 'abort' }>,
      signal: AbortSignal,
    ): Promise<unknown> => {
      if (request.ask === 'open') {
        if (model || isOpening)
          throw new errors.EngineError('the worker holds a model already: open another in a worker of its own');
        isOpening = true;
        model = await open(request.source as never, { ...request.options, signal } as never).finally(() => {
          isOpening = false;
        });
        const { task, labels, description, runtime } = model;
        return { task, labels, description, runtime };
      }
      const opened = model;
      if (!opened) throw new errors.EngineError('the worker has no model: open one first');
      if (request.ask === 'predict') return opened.predict(request.image as never, { signal });
      if (request.ask === 'warmUp') return opened.warmUp({ signal });
      model = null;
      return opened.dispose();
    };
    listen(port, (request: Request) => {
      if (request.ask === 'abort') {
        aborts.get(request.id)?.abort();
        return;
      }
      const { id } = request;
      const controller = new AbortController();
      aborts.set(id, controller);
      answer(request, controller.signal)
        .then(
          (value): Reply => ({ id, value }),
          (error: unknown): Reply => ({ id, error: told(error) }),
        )
        .then((reply) => {
          aborts.delete(id);
          port.postMessage(reply);
        });
    });
  };
}

function told(error: unknown): ToldError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message } = error;
  return error instanceof errors.DataError
    ? { name, message, file: error.file, problem: error.problem }
    : { name, message };
}

/** The error of the worker as one of this side, of its class where it is the library's. */
function errorOf({ name, message, file, problem }: ToldError): Error {
  if (file !== undefined && problem !== undefined) return new errors.DataError(file, problem);
  const { ConfigError, EngineError, WeightsError, ShapeError } = errors;
  const Known = [ConfigError, EngineError, WeightsError, ShapeError].find((each) => each.name === name);
  return Known ? new Known(message) : new errors.EspalierError(message);
}

/** Requests of this side, to whatever worker. */
let next = 0;

/** A model in a worker of your own, whose program is a call of `serveModel`; ending the worker stays with you. */
export function createOpenInWorker<Source, Image>() {
  return async <T extends TaskName>(
    worker: Port,
    source: Source,
    options: Omit<OpenModelOptions<T>, 'runtime'> & { readonly runtime?: string } = {},
  ): Promise<OpenModel<T, Image>> => {
    const waiting = new Map<number, (reply: Reply) => void>();
    let isOpen = false;
    let over: string | null = null;
    listenToEnd(worker, (why, isOver) => {
      if (isOver) over ??= why;
      if (isOver || !isOpen)
        for (const [id, give] of waiting) give({ id, error: { name: 'EngineError', message: over ?? why } });
    });
    listen(worker, (reply: Reply) => waiting.get(reply.id)?.(reply));
    const ask = async (request: object, signal?: AbortSignal, transfer: readonly unknown[] = []): Promise<unknown> => {
      signal?.throwIfAborted();
      if (over !== null) throw new errors.EngineError(over);
      const id = next++;
      const reply = new Promise<Reply>((resolve) => waiting.set(id, resolve));
      const stop = (): void => worker.postMessage({ id, ask: 'abort' });
      signal?.addEventListener('abort', stop, { once: true });
      try {
        worker.postMessage({ ...request, id }, transfer as never);
        const given = await abortable(reply, signal);
        if ('error' in given) throw errorOf(given.error);
        return given.value;
      } finally {
        waiting.delete(id);
        signal?.removeEventListener('abort', stop);
      }
    };
    const { signal, ...settings } = options;
    const where = source instanceof URL ? source.href : absolute(source);
    const opened = (await ask({ ask: 'open', source: where, options: settings }, signal)) as Pick<
      OpenModel<T, Image>,
      'task' | 'labels' | 'description' | 'runtime'
    >;
    isOpen = true;
    const predict: OpenModel<T, Image>['predict'] = async (image, { signal: stop } = {}) => {
      const { message, transfer } = await sendable(image);
      return (await ask({ ask: 'predict', image: message }, stop, transfer)) as Answers[T];
    };
    return {
      ...opened,
      predict,
      predictAll: async function* (images, given) {
        for await (const image of images) yield predict(image, given);
      },
      warmUp: async ({ signal: stop } = {}) => (await ask({ ask: 'warmUp' }, stop)) as number,
      dispose: async () => {
        await ask({ ask: 'dispose' });
      },
    };
  };
}

/** Addresses are those of the page, wherever the worker's program lies. */
const absolute = (source: unknown): unknown =>
  typeof source === 'string' && globalThis.location ? new URL(source, globalThis.location.href).href : source;

/** An image as it can be sent: what only a page has becomes a bitmap, which is handed over without a copy. */
async function sendable(image: unknown): Promise<{ readonly message: unknown; readonly transfer: readonly unknown[] }> {
  if (image instanceof URL) return { message: image.href, transfer: [] };
  if (typeof image === 'string') return { message: absolute(image), transfer: [] };
  if (typeof image === 'object' && image !== null && 'shape' in image)
    return { message: await pixelsOf(image as never), transfer: [] };
  const kinds = ['HTMLCanvasElement', 'OffscreenCanvas', 'HTMLImageElement', 'HTMLVideoElement', 'VideoFrame'];
  if (!kinds.some((kind) => isA(image, kind))) return { message: image, transfer: [] };
  const bitmap = await createImageBitmap(image as ImageBitmapSource);
  return { message: bitmap, transfer: [bitmap] };
}

function isA(value: unknown, kind: string): boolean {
  const known: unknown = Reflect.get(globalThis, kind);
  return typeof known === 'function' && value instanceof known;
}
