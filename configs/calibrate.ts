import type { Dataset } from '../datasets/dataset.js';
import type { Description } from '../deploy/description.js';
import type { MeasureRanges } from '../deploy/exportOnnx.js';
import type { Calibration } from '../deploy/formatNames.js';
import { Histogram } from '../deploy/onnx/ranges.js';
import { openOnnxNetwork } from '../deploy/onnxruntime/onnxruntime.js';
import { createHostPredictor } from '../deploy/predictor.js';
import { DataError } from '../engine/errors.js';

export interface CalibrationOptions {
  readonly calibration: Calibration;
  /** The most that are read, evenly over the data set. */
  readonly images: number;
}

/**
 * Measures the ranges of a network's values in ONNX Runtime, on images of a data set.
 *
 * @throws EngineError when the package onnxruntime-node is missing
 * @throws DataError for a data set without images
 */
export function rangesOn(
  dataset: Dataset,
  description: Description,
  { calibration, images }: CalibrationOptions,
): MeasureRanges {
  return async (bytes, names) => {
    if (dataset.size === 0) throw new DataError(dataset.source, 'no images to calibrate with');
    const histograms = new Map(names.map((name) => [name, new Histogram()]));
    const network = await openOnnxNetwork(bytes);
    const predictor = createHostPredictor(
      {
        run: async (inputs) => {
          const outputs = await network.run(inputs);
          for (const [name, histogram] of histograms) histogram.add(outputs[name]?.values ?? new Float32Array());
          return outputs;
        },
        dispose: () => network.dispose(),
      },
      description,
    );
    try {
      const count = Math.min(images, dataset.size);
      for (let i = 0; i < count; i++) {
        const { image } = await dataset.get(Math.floor((i * dataset.size) / count));
        await predictor.predict([image]);
      }
    } finally {
      predictor.dispose();
    }
    return new Map([...histograms].map(([name, histogram]) => [name, histogram.range(calibration)]));
  };
}
