import * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import { type FeatureSpec, type Level, levelsOf } from '../backbones/features.js';
import { createParameters, type Parameters } from '../backbones/parameters.js';
import { readSettings } from '../backbones/settings.js';
import type { TargetTypes } from '../datasets/encoder.js';
import type { Head } from './head.js';

/** What every head's config has. */
type HeadSchema = z.ZodObject<{
  readonly kind: z.ZodLiteral<string>;
  readonly frozen: z.ZodDefault<z.ZodBoolean>;
  readonly seed: z.ZodOptional<z.ZodInt>;
}>;

/** What a head makes its own part of. */
export interface HeadParts<Config, In extends Level> {
  readonly options: Config;
  /** Those of the features, finest first. */
  readonly levels: readonly In[];
  /** Owner of the parameters, which are frozen where the config says so. */
  readonly owner: Parameters;
}

type OwnPart<In extends Level, Raw, Types extends TargetTypes, Result> = Omit<
  Head<In, Raw, Types, Result>,
  'inputs' | 'parameters' | 'dispose'
> & {
  /** What it reads. Defaults to all features. */
  readonly inputs?: FeatureSpec<In>;
};

/**
 * A head of its own part: settings are read by its schema, its parameters have one owner, of which nothing is left when the head
 * cannot be built, and what `forward` makes on its way is freed.
 *
 * @throws ConfigError naming settings that are unknown or out of range
 */
export function buildHead<Schema extends HeadSchema, In extends Level, Raw, Types extends TargetTypes, Result>(
  schema: Schema,
  settings: Omit<z.input<Schema>, 'kind'>,
  features: FeatureSpec<In>,
  build: (parts: HeadParts<z.output<Schema>, In>) => OwnPart<In, Raw, Types, Result>,
): Head<In, Raw, Types, Result> {
  const kind = schema.shape.kind.value;
  const given = { ...settings, kind } as z.input<Schema>;
  const options = readSettings(schema, given, `${kind.replace('-', ' ')} head`);
  const owner = createParameters(options.seed ?? 1, () => options.frozen);
  try {
    const own = build({ options, levels: levelsOf(features), owner });
    return {
      ...own,
      inputs: own.inputs ?? features,
      parameters: owner.parameters,
      dispose: owner.dispose,
      forward: (maps, pass, pixels) => tf.tidy(() => own.forward(maps, pass, pixels) as tf.TensorContainer) as Raw,
    };
  } catch (error) {
    owner.dispose();
    throw error;
  }
}

/** Outputs of a batch on the host, image by image. */
export async function imagesOf<Name extends string>(
  outputs: { readonly [K in Name]: tf.Tensor },
  images: number,
): Promise<readonly { readonly [K in Name]: Float32Array }[]> {
  const read = await Promise.all(
    Object.entries<tf.Tensor>(outputs).map(async ([name, output]) => [name, await output.data()] as const),
  );
  return Array.from({ length: images }, (_, image) => {
    const rows = read.map(([name, values]) => {
      const size = values.length / images;
      return [name, values.subarray(image * size, (image + 1) * size)];
    });
    return Object.fromEntries(rows) as { readonly [K in Name]: Float32Array };
  });
}
