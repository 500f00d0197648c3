import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isNetworkFile, openNetworkFile } from '../../configs/networkFile.js';
import { openDetector, openSegmenter } from '../../configs/openModel.js';
import type { Detections } from '../../datasets/sample.js';
import { exportOnnx } from '../../deploy/exportOnnx.js';
import { traceNetwork } from '../../deploy/network.js';
import { writeOnnx } from '../../deploy/onnx/model.js';
import { createPredictor } from '../../training/predictor.js';
import { hasOnnxRuntime, WITHOUT_RUNTIME } from '../deploy/onnxRuntime.js';
import { buildNetwork, describeAs, SIZE } from '../deploy/smallNetwork.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-file-'));
const file = join(folder, 'model.onnx');
const image = {
  width: 150,
  height: 120,
  data: Uint8Array.from({ length: 150 * 120 * 3 }, (_, i) => (Math.sin(i * 0.3) + 1) * 127),
};
const model = buildNetwork('retina');

beforeAll(async () => {
  const graph = await traceNetwork(model, { inputSize: SIZE });
  writeFileSync(
    file,
    exportOnnx(graph, describeAs(model.exported?.reading ?? { kind: 'detections', maxDetections: 1 })),
  );
});
afterAll(() => {
  model.dispose();
  rmSync(folder, { recursive: true });
});

describe('an exported file', () => {
  it('is known by its ending, a bundle by its description', () => {
    mkdirSync(join(folder, 'bundle'));
    expect(isNetworkFile(join(folder, 'bundle'))).toBe(false);
    writeFileSync(join(folder, 'bundle', 'espalier.json'), '{}');
    expect([file, join(folder, 'bundle'), join(folder, 'none.onnx')].map(isNetworkFile)).toEqual([true, true, false]);
  });

  it('is refused where it is a bundle without its network', async () => {
    await expect(openNetworkFile(join(folder, 'bundle'))).rejects.toThrow('is a bundle without model.onnx');
  });

  it("is refused where it is another program's, or damaged", async () => {
    const foreign = join(folder, 'foreign.onnx');
    const tensors = [{ name: 'w', type: 'float32', shape: [1], values: [1] }] as const;
    writeFileSync(foreign, writeOnnx({ nodes: [], tensors, inputs: [], outputs: [], metadata: {} }, '1'));
    await expect(openNetworkFile(foreign)).rejects.toThrow("give a file that 'espalier export' wrote");
    writeFileSync(foreign, 'text');
    await expect(openNetworkFile(foreign)).rejects.toThrow(/foreign.onnx/);
  });

  it.runIf(!hasOnnxRuntime)('says which package is missing', async () => {
    await expect(openDetector(file)).rejects.toThrow(
      'needs the package onnxruntime-node, which is not installed. Run: ',
    );
  });

  it.skipIf(!hasOnnxRuntime)(`finds what the network finds${WITHOUT_RUNTIME}`, async () => {
    const detector = await openDetector(file, { threshold: 0 });
    const found = await detector.predict(image);
    const predictor = createPredictor(model, { inputSize: SIZE, mode: 'letterbox', multiple: 32, batchSize: 1 });
    const [wanted] = (await predictor.predict([image])) as [Detections];
    expect(found.length).toBe(wanted.labels.length);
    expect(found.length).toBeGreaterThan(0);
    found.forEach(({ label, score, box }, i) => {
      expect(label).toBe('abc'[wanted.labels[i] ?? -1]);
      expect(score).toBeCloseTo(wanted.scores[i] ?? -1, 5);
      box.forEach((edge, side) => {
        expect(edge).toBeCloseTo(wanted.boxes[i * 4 + side] ?? -1, 2);
      });
    });
    predictor.dispose();
    detector.dispose();
    await expect(openSegmenter(file)).rejects.toThrow('is trained for detection, not for segmentation');
  });
});
