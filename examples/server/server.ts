/**
 * POST an image, get JSON. `node examples/server/server.ts model.bundle`, Node >= 22.18; then
 * `curl --data-binary @photo.jpg http://127.0.0.1:8080/`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { type AnyModel, EspalierError, type ImageSource, openModel } from 'espalier/predict';

export interface Limits {
  /** Largest image, bytes. */
  readonly bytes: number;
  /** Requests that are read, wait or are answered at a time; more are told to come back. */
  readonly requests: number;
  /** From the first byte to the answer, milliseconds. */
  readonly milliseconds: number;
}
const LIMITS: Limits = { bytes: 20e6, requests: 16, milliseconds: 30_000 };

/** What is answered to a client instead of what a model found. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** A server of one model; the model stays the caller's. */
export function createPredictServer(
  model: Pick<AnyModel<ImageSource>, 'predict' | 'task' | 'runtime' | 'labels'>,
  limits: Limits = LIMITS,
): Server {
  let busy = 0;
  const answer = async (request: IncomingMessage, signal: AbortSignal): Promise<unknown> => {
    if (request.method === 'GET') {
      const { task, runtime, labels } = model;
      return { task, runtime, classes: labels.classes.map(({ name }) => name), busy };
    }
    if (request.method !== 'POST') throw new Refusal(405, 'POST an image, or GET what this server is');
    if (busy >= limits.requests) throw new Refusal(503, `${busy} images are being looked at: try again in a second`);
    busy++;
    try {
      const image = await bodyOf(request, limits.bytes, signal);
      const started = performance.now();
      const found = await model.predict(image, { signal });
      return { task: model.task, found: plain(found), milliseconds: Math.round(performance.now() - started) };
    } finally {
      busy--;
    }
  };
  return createServer((request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort(new Refusal(499, 'the client is gone')));
    const late = AbortSignal.timeout(limits.milliseconds);
    answer(request, AbortSignal.any([gone.signal, late]))
      .then(
        (value) => reply(response, 200, value),
        (error: unknown) => reply(response, statusOf(error), { error: messageOf(error) }),
      )
      .catch(() => response.destroy());
  });
}

/** The body, waited for until the signal: a client may send no more of it. */
function bodyOf(request: IncomingMessage, limit: number, signal: AbortSignal): Promise<Uint8Array> {
  const given = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  const whole = readBody(request, limit).catch((error: unknown) => {
    throw error instanceof Refusal ? error : new Refusal(499, 'the client is gone');
  });
  return Promise.race([whole, given]);
}

async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const refusal = new Refusal(413, `the image has more than ${limit} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > limit) throw refusal;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > limit) throw refusal;
    chunks.push(chunk);
  }
  if (bytes === 0) throw new Refusal(400, 'there is no image: send its bytes as the body');
  return Buffer.concat(chunks);
}

/** A class map as base64, a byte for every pixel; everything else is plain already. */
const plain = (found: Awaited<ReturnType<AnyModel<ImageSource>['predict']>>): unknown =>
  'mask' in found ? { ...found, mask: Buffer.from(found.mask).toString('base64') } : found;

function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.status;
  if (error instanceof DOMException && error.name === 'TimeoutError') return 504;
  return error instanceof EspalierError ? 422 : 500; // no image, or one that cannot be decoded
}

/** Message for the client; a defect's own stays in the log. */
function messageOf(error: unknown): string {
  if (statusOf(error) !== 500) return error instanceof Error ? error.message : String(error);
  console.error(error);
  return 'the server failed';
}

function reply(response: ServerResponse, status: number, value: unknown): void {
  if (response.destroyed) return;
  const headers = { 'content-type': 'application/json', ...(status === 503 ? { 'retry-after': '1' } : {}) };
  const isUnread = status === 413 || status === 504; // what is left of the body is not waited for
  response.writeHead(status, isUnread ? { ...headers, connection: 'close' } : headers);
  response.end(JSON.stringify(value));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [, , source = 'model.bundle', port = '8080', host = '127.0.0.1'] = process.argv; // another host is asked for by name
  const model = await openModel(source);
  console.log(`${model.task} on ${model.runtime}, first answer after ${(await model.warmUp()).toFixed(0)} ms`);
  const server = createPredictServer(model).listen(Number(port), host, () => {
    const { address, port: open } = server.address() as AddressInfo;
    console.log(`http://${address}:${open}/`);
  });
  process.once('SIGTERM', () => server.close(() => model.dispose()));
}
