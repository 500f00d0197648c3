/** What must not compile: every `@ts-expect-error` that is no error fails `npm run check`. Nothing here is run. */
import type { Backbone, EfficientNetLevel, FeatureMaps, Neck } from '../../index.js';
import { assemble, createBiFPN, createEfficientNet, type Head, type TargetTypes } from '../../node.js';

declare const anyHead: Head<'P3' | 'P7', unknown, TargetTypes, unknown>;
declare const p2Neck: Neck<'P2', 'P2' | 'P3'>;
declare const images: Parameters<Backbone['forward']>[0];

const backbone = createEfficientNet({
  arch: 'tf_efficientnet_b0',
  levels: ['P3', 'P4', 'P5'],
  frozen: 'none',
  seed: 1,
});
const maps = backbone.forward(images, { training: false });
export const p3 = maps.P3;
// @ts-expect-error: the backbone was built without P2
export const p2 = maps.P2;
// @ts-expect-error: the mode of a pass is never defaulted
backbone.forward(images);
// @ts-expect-error: there is no such architecture
createEfficientNet({ arch: 'tf_efficientnet_b9', frozen: 'none', seed: 1 });
// @ts-expect-error: an EfficientNet has no P6
createEfficientNet({ arch: 'tf_efficientnet_b0', levels: ['P6'], frozen: 'none', seed: 1 });
// @ts-expect-error: feature maps are read-only
maps.P3 = maps.P4;

const neck = createBiFPN({ levels: ['P3', 'P4', 'P5', 'P6'] }, backbone.features);
// @ts-expect-error: this neck reads P2, the backbone gives P3 to P5
assemble(backbone, p2Neck, anyHead);
// @ts-expect-error: this head reads P7, the neck gives P3 to P6
assemble(backbone, neck, anyHead);
// @ts-expect-error: a neck needs the maps it was built for
neck.forward({ P3: maps.P3 } as FeatureMaps<'P3'>, { training: false });

export type Levels = EfficientNetLevel;

/** Any backbone is a plain `Backbone`. */
export const anyBackbone: Backbone = backbone;
// @ts-expect-error: a neck that reads P2 does not stand in for one that reads P3 alone
export const wrongNeck: Neck<'P3', 'P3'> = null as unknown as Neck<'P2' | 'P3', 'P3'>;
