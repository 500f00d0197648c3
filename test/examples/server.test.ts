import { type AddressInfo, connect } from 'node:net';
import { openModel, ShapeError } from 'espalier/predict'; // the build's, as the example's
import { afterEach, describe, expect, it } from 'vitest';
import { encodePng } from '../../datasets/decode/index.js';
import { createPredictServer } from '../../examples/server/server.js';
import { writeZip } from '../../weights/bytes/zipWriter.js';
import { smallBundle, smallImage } from '../deploy/predict/smallBundle.js';

type Model = Parameters<typeof createPredictServer>[0];
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(model: Model, limits?: Parameters<typeof createPredictServer>[1]): Promise<string> {
  const server = createPredictServer(model, limits);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const post = (url: string, body: BodyInit) => fetch(url, { method: 'POST', body });
/** A model that answers when it is told to. */
const slow = (): { readonly model: Model; readonly finish: () => void; readonly signals: AbortSignal[] } => {
  let finish = (): void => undefined;
  const signals: AbortSignal[] = [];
  const predict = (_: unknown, { signal }: { readonly signal?: AbortSignal } = {}) =>
    new Promise<readonly []>((resolve, reject) => {
      if (signal) signals.push(signal);
      signal?.addEventListener('abort', () => reject(signal.reason));
      finish = () => resolve([]);
    });
  const model = { predict, task: 'detection', runtime: 'own', labels: { classes: [] } } as unknown as Model;
  return { model, finish: () => finish(), signals };
};

describe('the server of examples/server', () => {
  it('answers an image with what the model finds, and says what it is', async () => {
    const made = await smallBundle('retina');
    made.model.dispose();
    const model = await openModel(writeZip(made.files), { runtime: 'tfjs-wasm', task: 'detection' });
    const url = await serve(model as unknown as Model);
    const image = smallImage();
    const answer = await post(url, new Blob([Uint8Array.from(encodePng(image))]));
    expect(answer.status).toBe(200);
    const { found, task } = (await answer.json()) as { readonly found: unknown; readonly task: string };
    expect(task).toBe('detection');
    expect(found).toEqual(await model.predict(image));
    expect(await (await fetch(url)).json()).toMatchObject({ classes: ['a', 'b', 'c'], busy: 0, runtime: 'tfjs-wasm' });
    const broken = await post(url, 'this is no image');
    expect([broken.status, Object.keys((await broken.json()) as object)]).toEqual([422, ['error']]);
    await model.dispose();
  });

  it('refuses what is too large, what is nothing, and other methods', async () => {
    const url = await serve(slow().model, { bytes: 10, requests: 1, milliseconds: 5000 });
    expect((await post(url, 'x'.repeat(11))).status).toBe(413);
    expect((await post(url, '')).status).toBe(400);
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(405);
    const chunked = new ReadableStream({
      start: (controller) => {
        for (let i = 0; i < 3; i++) controller.enqueue(new Uint8Array(5));
        controller.close();
      },
    });
    const status = await fetch(url, { method: 'POST', body: chunked, duplex: 'half' } as RequestInit).then(
      (response) => response.status,
      () => 413, // the connection ends while the body is still sent
    );
    expect(status).toBe(413);
  });

  it('tells who comes while it is busy to come back, and who waits too long that it is late', async () => {
    const { model, finish, signals } = slow();
    const url = await serve(model, { bytes: 10, requests: 1, milliseconds: 300 });
    const first = post(url, 'a');
    while (signals.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const second = await post(url, 'b');
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1']);
    finish();
    expect((await first).status).toBe(200);
    expect((await post(url, 'c')).status).toBe(504);
  });

  it('does not wait for a client that sends no more of its image', async () => {
    const url = await serve(slow().model, { bytes: 10, requests: 1, milliseconds: 200 });
    const client = connect(Number(new URL(url).port), '127.0.0.1');
    client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\na');
    const said = await new Promise<string>((resolve) => client.once('data', (bytes) => resolve(bytes.toString())));
    client.destroy();
    expect(said.split('\r\n')[0]).toBe('HTTP/1.1 504 Gateway Timeout');
    expect(await (await fetch(url)).json()).toMatchObject({ busy: 0 });
  }, 5000);

  it('gives up what a client that is gone asked for, and hides what failed inside', async () => {
    const { model, signals } = slow();
    const url = await serve(model, { bytes: 10, requests: 2, milliseconds: 60_000 });
    const client = new AbortController();
    const asked = fetch(url, { method: 'POST', body: 'a', signal: client.signal });
    while (signals.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    client.abort();
    await expect(asked).rejects.toThrow();
    while (!signals[0]?.aborted) await new Promise((resolve) => setTimeout(resolve, 1));
    const failing = (error: Error) => serve({ ...model, predict: () => Promise.reject(error) } as unknown as Model);
    const { error } = console;
    console.error = () => undefined;
    try {
      const answer = await post(await failing(new Error('secret')), 'a');
      expect([answer.status, await answer.json()]).toEqual([500, { error: 'the server failed' }]);
    } finally {
      console.error = error;
    }
    expect((await post(await failing(new ShapeError('no image')), 'a')).status).toBe(422);
  });
});
