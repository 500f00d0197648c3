export { encodeJpeg } from './encodeJpeg.js';
export type { OutlineLines } from './outline.js';
export {
  type Drawable,
  fittedSize,
  mapOf,
  type RunMap,
  type ShapeBox,
  type ShapeLabel,
  type Shapes,
  shapesOf,
  thumbnailOf,
} from './shapes.js';
export { type AlikeGroup, alikeGroups, type Fingerprint, fingerprint } from './similar.js';
