import type { Tensor4D } from '@tensorflow/tfjs';
import { expect, expectTypeOf, it } from 'vitest';
import { createEfficientNet, type FeatureMaps } from '../../backbones/index.js';

it('types the maps of a backbone by the levels it was asked for', () => {
  const backbone = createEfficientNet({ arch: 'tf_efficientnet_lite0', levels: ['P2', 'P3'], frozen: 'none', seed: 1 });
  expectTypeOf(backbone.forward).returns.toEqualTypeOf<FeatureMaps<'P2' | 'P3'>>();
  expectTypeOf<FeatureMaps<'P2' | 'P3'>['P3']>().toEqualTypeOf<Tensor4D>();
  // @ts-expect-error P4 was not asked for
  expect(backbone.features.P4).toBeUndefined();
  // @ts-expect-error an EfficientNet has no P6
  const create = () => createEfficientNet({ arch: 'tf_efficientnet_lite0', levels: ['P6'], frozen: 'none', seed: 1 });
  expect(create).toThrow('there is no level P6; it gives P1, P2, P3, P4, P5');
  backbone.dispose();
});
