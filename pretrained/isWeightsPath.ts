/** True for a path to a file of weights, false for the name of published ones. */
export const isWeightsPath = (weights: string): boolean =>
  /[\\/]|\.(safetensors|pth|pt|ckpt|bin|h5|keras|tflite|onnx|npz|json)$/.test(weights);
