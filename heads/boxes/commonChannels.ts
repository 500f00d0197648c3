import { type FeatureSpec, type Level, levelsOf } from '../../backbones/features.js';
import { ShapeError } from '../../engine/errors.js';

/**
 * Channels of all levels of a pyramid whose levels share a head's convolutions.
 *
 * @param head names the head in the error
 * @throws ShapeError when the levels differ in width
 */
export function commonChannels<L extends Level>(features: FeatureSpec<L>, head: string): number {
  const widths = levelsOf(features).map((level) => features[level].channels);
  const [first] = widths;
  if (first !== undefined && widths.every((width) => width === first)) return first;
  throw new ShapeError(
    `the ${head} head shares its convolutions among levels of one width, not [${widths}]: put a neck before it`,
  );
}
