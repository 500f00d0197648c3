export interface CocoOptions {
  /** Refuse a file with violations of the format (see `violations`) instead of behaving as pycocotools. */
  readonly strict?: boolean;
  /** Receives what pycocotools prints; silent by default. */
  readonly verbose?: boolean | ((line: string) => void);
}

/** The sink of progress lines. */
export function printer(verbose: boolean | ((line: string) => void) | undefined): (line: string) => void {
  if (typeof verbose === 'function') return verbose;
  return verbose ? (line) => console.log(line) : () => {};
}
