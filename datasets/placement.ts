/** How an original image lies in a network input: input = original * scale + offset, per axis, pixel edges. */
export interface Placement {
  /** Original image, pixels. */
  readonly width: number;
  readonly height: number;
  readonly scaleX: number;
  readonly scaleY: number;
  /** Input pixels left of and above the image. */
  readonly offsetX: number;
  readonly offsetY: number;
}
