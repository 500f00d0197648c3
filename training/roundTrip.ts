import type { Truth } from '../datasets/sample.js';

/** What is checked of one image: a `Sample` is one, so a data set can be given as it is. Its pixels are not looked at. */
export interface LabelledImage<T extends Truth> {
  readonly id: string;
  /** Pixels. */
  readonly image: { readonly width: number; readonly height: number };
  readonly truth: T;
}
export type LabelledImages<T extends Truth> = Iterable<LabelledImage<T>> | AsyncIterable<LabelledImage<T>>;

/** Logits of a network that has no doubt; in float32 their sigmoids are 1 and 2e-9. */
export const YES = 20;
export const NO = -20;
