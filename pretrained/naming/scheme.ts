import type { WeightsFile } from '../../weights/weightsFile.js';

/** Name in the file -> parameter name; a name that stays unknown is reported as unexpected; null leaves it out. */
export type Rename = (name: string) => string | null;

/**
 * How the axes of a file's tensors are ordered: `file` as in PyTorch, [out, in, kh, kw]; `memory` as in TensorFlow,
 * [kh, kw, in, out]; see `ParameterLayout`.
 */
export type AxisOrder = 'file' | 'memory';

/** Who names weights in one way. */
export interface Release {
  readonly name: string;
  /** Whether a file is of this release, by its names. */
  matches(file: WeightsFile): boolean;
  readonly order: AxisOrder;
  /** Our name of the first kernel, where the released weights see BGR images prepared as Caffe does it. */
  readonly caffeStem?: string;
  /** True: its networks divide pixels by 255 and normalise them by a layer whose statistics are among the weights. */
  readonly normalises?: true;
  /** @param target parameter names of the network to be filled */
  rename(target: Iterable<string>): Rename;
}

/** Whether a file has a tensor of such a name. */
export function hasName({ tensors }: WeightsFile, pattern: RegExp): boolean {
  for (const name of tensors.keys()) if (pattern.test(name)) return true;
  return false;
}
