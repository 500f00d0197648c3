/** Names of the formats that a network can be exported to; `formats.ts` says what each is. */
export const FORMAT_NAMES = ['onnx', 'graph-model', 'saved-model', 'bundle', 'safetensors'] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];
