/** What runs in the page of `openInBrowser`: fetches inputs, runs the network on them, posts outputs, until there are none. */
import type { HostValues } from '../../deploy/hostNetwork.js';
import { packTensors, unpackTensors } from './frames.js';

type Run = (inputs: HostValues) => Promise<HostValues>;
/** Tensor of the runtimes, as they are used here. */
interface Tensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}
interface Ort {
  readonly env: { readonly wasm: { wasmPaths?: string } };
  readonly InferenceSession: {
    create(
      model: string,
      options: object,
    ): Promise<{ run(feeds: object): Promise<{ readonly [name: string]: Tensor }> }>;
  };
  readonly Tensor: new (type: 'float32', values: Float32Array, shape: readonly number[]) => Tensor;
}
interface TfTensor {
  readonly shape: readonly number[];
  data(): Promise<Float32Array>;
}
interface Tf {
  readonly wasm?: { setWasmPaths(folder: string): void };
  setBackend(name: string): Promise<boolean>;
  tensor(values: Float32Array, shape: readonly number[]): TfTensor;
  dispose(what: unknown): void;
  loadGraphModel(url: string): Promise<{ execute(inputs: object, names: readonly string[]): TfTensor | TfTensor[] }>;
}

const address = (path: string): string => new URL(path, document.baseURI).href;

async function onnxruntime(): Promise<Run> {
  const ort = (await import(address('ort/ort.wasm.min.mjs'))) as Ort;
  ort.env.wasm.wasmPaths = address('ort/');
  const session = await ort.InferenceSession.create(address('model/'), { executionProviders: ['wasm'] });
  return async (inputs) => {
    const feeds = Object.entries(inputs).map(
      ([name, { values, shape }]) => [name, new ort.Tensor('float32', values, shape)] as const,
    );
    const outputs = await session.run(Object.fromEntries(feeds));
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data, dims }]) => [name, { values: data, shape: dims }]),
    );
  };
}

async function tfjs(): Promise<Run> {
  await script('tf/tf.min.js');
  await script('tf-wasm/tf-backend-wasm.min.js');
  const { tf } = globalThis as unknown as { readonly tf: Tf };
  tf.wasm?.setWasmPaths(address('tf-wasm/'));
  if (!(await tf.setBackend('wasm'))) throw new Error('tfjs refuses its wasm engine');
  const model = await tf.loadGraphModel(address('model/model.json'));
  const { signature } = (await (await fetch(address('model/model.json'))).json()) as {
    readonly signature: { readonly outputs: object };
  };
  const names = Object.keys(signature.outputs);
  return async (inputs) => {
    const given = Object.fromEntries(
      Object.entries(inputs).map(([name, { values, shape }]) => [name, tf.tensor(values, shape)]),
    );
    const found = [model.execute(given, names)].flat();
    const entries = await Promise.all(
      found.map(async (tensor, i) => [names[i] ?? '', { values: await tensor.data(), shape: tensor.shape }] as const),
    );
    tf.dispose([given, found]);
    return Object.fromEntries(entries);
  };
}

function script(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const element = document.createElement('script');
    element.src = path;
    element.onload = () => resolve();
    element.onerror = () => reject(new Error(`${path} cannot be loaded`));
    document.head.append(element);
  });
}

const post = (path: string, body: BodyInit): Promise<Response> => fetch(address(path), { method: 'POST', body });

try {
  const run = await (document.body.dataset.runtime === 'tfjs' ? tfjs() : onnxruntime());
  await post('open', '');
  for (;;) {
    const response = await fetch(address('next'));
    if (response.status !== 200) break;
    const inputs = unpackTensors(await response.arrayBuffer());
    const started = performance.now();
    const outputs = await run(inputs);
    await post(`outputs?ms=${performance.now() - started}`, packTensors(outputs));
  }
} catch (error) {
  await post('problem', error instanceof Error ? error.message : String(error));
}
