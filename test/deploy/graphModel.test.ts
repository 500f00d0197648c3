import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { ExportedFile } from '../../deploy/formats.js';
import { traceNetwork } from '../../deploy/network.js';
import { graphDefOf } from '../../deploy/tensorflow/graphDef.js';
import { graphModelFiles } from '../../deploy/tensorflow/graphModel.js';
import { traceGraph } from '../../engine/graph/trace.js';
import { normalizeImages } from '../../engine/kernels/index.js';
import { noise, PROGRAMS, SHAPE } from './onnx/programs.js';
import { buildNetwork, describeAs, PIXELS, SIZE } from './smallNetwork.js';

/** Opens the files as a page does that fetched them. */
function load(files: readonly ExportedFile[]): Promise<tf.GraphModel> {
  const [json, ...shards] = files;
  const { modelTopology, weightsManifest, format, signature, userDefinedMetadata } = JSON.parse(
    new TextDecoder().decode(json?.bytes),
  );
  const names = new Map(shards.map(({ name, bytes }) => [name, bytes]));
  const parts = weightsManifest[0].paths.map((path: string) => names.get(path)) as Uint8Array[];
  const weightData = Uint8Array.from(parts.flatMap((part) => [...part])).buffer;
  const weightSpecs = weightsManifest[0].weights;
  return tf.loadGraphModel(
    tf.io.fromMemory({ modelTopology, weightSpecs, weightData, format, signature, userDefinedMetadata }),
  );
}

describe('a GraphModel', () => {
  const plain = PROGRAMS.filter(([kernels]) => !/^Prelu/.test(kernels));

  it.each(plain)('computes what the engine computes: %s', async (_, run) => {
    const values = noise(SHAPE);
    const graph = await traceGraph({ x: SHAPE }, ({ x }) => ({ y: run(x as tf.Tensor4D) }));
    const model = await load(
      graphModelFiles(graphDefOf(graph), describeAs({ kind: 'detections', maxDetections: 100 })),
    );
    const input = tf.tensor4d(values, [...SHAPE]);
    const [found, wanted] = [model.predict(input) as tf.Tensor, tf.tidy(() => run(input))];
    expect(found.shape).toEqual(wanted.shape);
    const [a, b] = [await found.data(), await wanted.data()];
    expect(Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))))).toBeLessThan(2e-5);
    tf.dispose([input, found, wanted]);
    model.dispose();
  });

  it.each(['f32', 'f16'] as const)(
    'of a detector is one call from pixels to boxes, with its description, in %s',
    async (precision) => {
      const model = buildNetwork('retina');
      const { exported } = model;
      if (!exported) throw new Error('not exported');
      const graph = graphDefOf(await traceNetwork(model, { inputSize: SIZE, kernels: 'plain' }));
      const description = describeAs(exported.reading, { precision });
      const files = graphModelFiles(graph, description);
      const opened = await load(files);
      const images = tf.tensor4d(PIXELS, [1, ...SIZE, 3]);
      const found = opened.execute({ images }, ['boxes', 'scores']) as tf.Tensor[];
      const wanted = tf.tidy(() => {
        const { mean, std } = model.preprocessing;
        return exported.outputs(model.forward(normalizeImages(images, mean, std), { training: false }));
      });
      for (const [i, name] of ['boxes', 'scores'].entries()) {
        const [a, b] = [await (found[i] as tf.Tensor).data(), await (wanted[name] as tf.Tensor).data()];
        const spread = Math.max(1, ...b.map(Math.abs));
        const furthest = Math.max(...a.map((value, at) => Math.abs(value - (b[at] ?? Number.NaN))));
        expect(furthest / spread).toBeLessThan(precision === 'f32' ? 1e-4 : 2e-2);
      }
      const { userDefinedMetadata, signature } = JSON.parse(new TextDecoder().decode(files[0]?.bytes));
      expect(JSON.parse(userDefinedMetadata.espalier)).toEqual(description);
      expect(Object.keys(signature.outputs)).toEqual(['boxes', 'scores']);
      tf.dispose([images, found, wanted]);
      opened.dispose();
      model.dispose();
    },
  );
});
