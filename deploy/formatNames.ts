/** Names of the formats that a network can be exported to; `formats.ts` says what each is. */
export const FORMAT_NAMES = ['onnx', 'graph-model', 'saved-model', 'tflite', 'bundle', 'safetensors'] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

/** Precision of weights and arithmetic; `int8`: of convolutions and dense layers. */
export const PRECISIONS = ['f32', 'f16', 'int8'] as const;

/** How the range that 8 bits stand for is chosen of the values that a tensor had. */
export const CALIBRATIONS = ['percentile', 'minmax'] as const;
export type Calibration = (typeof CALIBRATIONS)[number];
