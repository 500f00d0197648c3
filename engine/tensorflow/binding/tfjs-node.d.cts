import type { DataType, KernelBackend, Tensor, TensorInfo } from '@tensorflow/tfjs';

export interface OpAttr {
  name: string;
  type: number;
  value: boolean | number | string | number[];
}
export interface TensorMetadata {
  id: number;
  shape: number[];
  dtype: number;
}
export type TensorValues = ArrayBufferView | readonly (number | boolean | string | Uint8Array)[];
/** What the kernel layer asks of a binding to the TensorFlow C library. */
export interface TensorFlowBinding {
  createTensor(shape: number[], dtype: number, values: TensorValues): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array | Uint8Array[] | BigInt64Array;
  executeOp(name: string, attrs: OpAttr[], inputs: number[], outputs: number): TensorMetadata[];
  isUsingGpuDevice(): boolean;
  getNumOfTensors(): number;
  readonly [constant: string]: unknown;
}
export declare class NodeJSKernelBackend extends KernelBackend {
  constructor(binding: TensorFlowBinding, packageName: string);
  binding: TensorFlowBinding;
  isUsingGpuDevice: boolean;
  tensorMap: {
    has(dataId: object): boolean;
    get(dataId: object): { shape: number[]; dtype: number; values: TensorValues | null; id: number; refCount: number };
  };
  createOutputTensor(metadata: TensorMetadata): Tensor;
  getInputTensorIds(tensors: readonly TensorInfo[]): number[];
  executeSingleOutput(name: string, attrs: OpAttr[], inputs: readonly TensorInfo[]): Tensor;
  executeMultipleOutputs(name: string, attrs: OpAttr[], inputs: readonly TensorInfo[], outputs: number): Tensor[];
  getDTypeInteger(dtype: DataType): number;
}
export declare function registerAllKernels(): void;
