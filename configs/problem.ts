/** Something in a config that the schema alone cannot see, and the key it is about. */
export interface Problem {
  readonly path: readonly string[];
  readonly message: string;
}
