import type { z } from 'zod';
import type { FeatureMaps, FeatureSpec, Level } from '../backbones/features.js';
import type { Module, Pass } from '../backbones/module.js';

/** Feature maps -> feature maps. */
export interface Neck<In extends Level = Level, Out extends Level = Level> extends Module {
  /** Taken from `backbone.features`, never typed by hand. */
  readonly inputs: FeatureSpec<In>;
  readonly features: FeatureSpec<Out>;
  readonly forward: (maps: FeatureMaps<In>, pass: Pass) => FeatureMaps<Out>;
}

/** One kind of neck: its config, how it is built, and which maps it reads. */
export interface NeckDefinition<Config extends z.ZodObject = z.ZodObject> {
  /** Schema of the neck in a config file; `kind` names it. */
  readonly config: Config;
  /** @throws ShapeError when the neck cannot be built on these features */
  readonly create: (config: z.output<Config>, features: FeatureSpec) => Neck;
  /**
   * Levels of the backbone that the neck is built from.
   *
   * @param levels  those the neck is to give
   * @param offered those the backbone can give
   */
  readonly reads: (levels: readonly Level[], offered: readonly Level[]) => readonly Level[];
}

/** Checks that config, function and maps of a neck belong together. */
export function defineNeck<Config extends z.ZodObject>(neck: NeckDefinition<Config>): NeckDefinition<Config> {
  return neck;
}

/** A pyramid reads the levels it gives, as far as the backbone has them. */
export function wantedLevels(levels: readonly Level[], offered: readonly Level[]): readonly Level[] {
  return offered.filter((level) => levels.includes(level));
}
