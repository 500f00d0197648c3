/** Name in the file -> parameter name; a name that stays unknown is reported as unexpected; null leaves it out. */
export type Rename = (name: string) => string | null;

/**
 * How the axes of a file's tensors are ordered: `file` as in PyTorch, [out, in, kh, kw]; `memory` as in TensorFlow,
 * [kh, kw, in, out]; see `ParameterLayout`.
 */
export type AxisOrder = 'file' | 'memory';

/** How a library or a publisher names the tensors of its networks. */
export interface NamingScheme {
  readonly name: string;
  /** A name that only files of this scheme have; null: any file may be of it. */
  readonly mark: RegExp | null;
  readonly order: AxisOrder;
  /** Our name of the first kernel, where the published weights see BGR images prepared as Caffe does it. */
  readonly caffeStem?: string;
  /** True: its networks divide pixels by 255 and normalise them by a layer whose statistics are among the weights. */
  readonly normalises?: true;
  /** @param target parameter names of the network to be filled */
  readonly rename: (target: Iterable<string>) => Rename;
}
