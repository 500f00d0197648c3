import type * as z from 'zod';
import { ConfigError } from '../../engine/errors.js';
import type { Random } from '../../engine/random.js';
import { ownSettings } from '../outside.js';
import type { Sample } from '../sample.js';

/**
 * A transform of one's own: the default export of a module that `augment.transforms` names. It runs in loader workers, so the
 * module imports no engine.
 */
export interface TransformDefinition<Config extends z.ZodType = z.ZodType> {
  /** Schema of its settings in a config file. */
  readonly config: Config;
  /**
   * Changes a training image and its truth together, before they are scaled, flipped and laid into the input.
   *
   * @param sample pixels of the original image; not to be written into, as it may be cached
   * @param random the stream of this image in this epoch
   */
  readonly apply: (sample: Sample, settings: z.output<Config>, random: Random) => Sample;
}

/** Checks that settings and function of a transform belong together. */
export function defineTransform<Config extends z.ZodType>(
  transform: TransformDefinition<Config>,
): TransformDefinition<Config> {
  return transform;
}

/** Where a worker finds a transform: its module, and the settings that a config gives it. Structured-cloneable. */
export interface TransformSource {
  /** file: URL. */
  readonly module: string;
  readonly settings: { readonly [key: string]: unknown };
}

export type Transform = (sample: Sample, random: Random) => Sample;

/** Loads a transform where it runs. @throws ConfigError when the module gives none */
export async function loadTransform({ module, settings }: TransformSource): Promise<Transform> {
  const loaded = (await import(/* @vite-ignore */ /* webpackIgnore: true */ module)) as { readonly default?: unknown };
  const definition = loaded.default as TransformDefinition | undefined;
  if (typeof definition?.apply !== 'function') {
    throw new ConfigError(`${module} exports no transform: export default defineTransform({ config, apply })`);
  }
  const read = definition.config.parse(ownSettings(settings, definition.config));
  return (sample, random) => checked(definition.apply(sample, read, random), sample, module);
}

/** @throws ConfigError when the result is no image of the size that it states, or another truth */
function checked(changed: Sample, { id, truth }: Sample, module: string): Sample {
  const { data, width, height } = changed.image;
  if (!(data instanceof Uint8Array) || data.length !== width * height * 3) {
    throw new ConfigError(
      `${module}: of ${id} it gives ${data?.length} bytes for ${width} x ${height} pixels: an image has 3 bytes for each pixel`,
    );
  }
  if (changed.truth.kind === truth.kind) return changed;
  throw new ConfigError(
    `${module}: of ${id} it gives ${changed.truth.kind} for ${truth.kind}: a transform keeps the truth`,
  );
}
