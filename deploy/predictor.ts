import { prepareImage } from '../datasets/intensity.js';
import { nearestValue, requireChannels, typeOf } from '../datasets/pixelTypes.js';
import type { Pixels } from '../datasets/sample.js';
import { fitNative, type Letterboxed, letterbox } from '../datasets/transforms/letterbox.js';
import { WeightsError } from '../engine/errors.js';
import { readAnswers } from '../heads/answers/answers.js';
import type { Predictor } from '../training/predictor.js';
import { channelCount, type Description } from './description.js';
import type { HostNetwork, HostValues } from './hostNetwork.js';

/** Images in, answers out, by an exported network; the predictor owns it. */
export function createHostPredictor(network: HostNetwork, { input, answer, classes }: Description): Predictor<unknown> {
  const { batch, size, fit, name, depth } = input;
  const channels = channelCount(input);
  const lay = (given: Pixels): Letterboxed => {
    requireChannels(given, channels);
    const image = prepareImage(given, depth?.perImage ?? null);
    const type = typeOf(image.data);
    const fill = input.fill.map((value) => nearestValue(type, value));
    return fit === 'native' ? fitNative(image, size, fill, input.spacing) : letterbox(image, size, fill);
  };
  const run = async (images: readonly Pixels[]): Promise<readonly unknown[]> => {
    const laid = images.map(lay);
    const shape = [batch, ...size, channels];
    const values = new Float32Array(shape.reduce((product, side) => product * side, 1));
    const last = laid.length - 1; // fills up a short batch: what int8 is calibrated with sees no image that there is not
    for (let i = 0; i < batch; i++) values.set(laid[Math.min(i, last)]?.data ?? [], (i * values.length) / batch);
    const outputs = await network.run({ [name]: { values, shape } });
    requireClasses(outputs, classes.length);
    return await readAnswers(
      answer,
      outputs,
      laid.map(({ placement }) => placement),
    );
  };
  return {
    batchSize: batch,
    predict: async (images) => {
      const results: unknown[] = [];
      for (let at = 0; at < images.length; at += batch) results.push(...(await run(images.slice(at, at + batch))));
      return results;
    },
    dispose: () => {
      network.dispose().catch(() => undefined); // it ends with the process, whatever the runtime says
    },
  };
}

/** @throws WeightsError for outputs of more classes than have a name */
function requireClasses({ scores, probabilities, detections }: HostValues, count: number): void {
  const found = (scores ?? probabilities)?.shape.at(-1) ?? 0;
  const labels = detections?.values.filter((_, i) => i % 6 === 5);
  if (found <= count && (labels?.every((label) => Number.isInteger(label) && label >= 0 && label < count) ?? true))
    return;
  throw new WeightsError(`the network answers with classes that its description, which names ${count}, does not have`);
}
