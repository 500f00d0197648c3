import type { z } from 'zod';
import { ConfigError } from '../engine/errors.js';

/**
 * Reads settings given in code with the schema a config file is read with; defaults are filled in.
 *
 * @param what names the part in the error, e.g. 'detection head'
 * @throws ConfigError naming every setting that is unknown or out of range
 */
export function readSettings<S extends z.ZodType>(schema: S, value: z.input<S>, what: string): z.output<S> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => `${path.join('.') || 'settings'}: ${message}`);
  throw new ConfigError(`${what}: ${problems.join('; ')}`);
}
