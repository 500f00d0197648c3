/** Truth and answers in, named numbers out. */
export interface Evaluator<Truth, Result, Report> {
  /** One image; `id` is the sample's. Adding an id twice is an error. */
  add(id: string, truth: Truth, result: Result): void;
  /** Fractions in [0, 1]; pure: may be called twice. */
  report(): Report;
}
