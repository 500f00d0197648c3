import { type AnyModel, type FoundObject, type ImageSource, maskPixels } from 'espalier/predict';

type Answer = Awaited<ReturnType<AnyModel<ImageSource>['predict']>>;

/** Value of pixels without a known class. */
const IGNORED = 255;
const COLOURS = ['#e6194b', '#3cb44b', '#4363d8', '#f58231', '#911eb4', '#008080', '#9a6324', '#808000'];
const colourOf = (index: number): string => COLOURS[index % COLOURS.length] ?? '#000';

/** Draws what a model answers over the image that is on the canvas, and gives a line of text for each finding. */
export function drawAnswer(context: CanvasRenderingContext2D, model: AnyModel<ImageSource>, answer: Answer): string[] {
  const names = model.labels.classes.map(({ name }) => name);
  if ('things' in answer) {
    tint(context, answer.stuff.mask, colourOf);
    const labels = [...answer.things.labels];
    for (const [i, mask] of answer.things.masks.entries())
      tint(context, maskPixels(mask), () => colourOf(labels[i] ?? 0));
    return labels.map((label) => names[label] ?? '');
  }
  if ('mask' in answer) {
    tint(context, answer.mask, colourOf);
    return names.map((name, index) => {
      const pixels = answer.mask.reduce((count, label) => count + (label === index ? 1 : 0), 0);
      return `${name}: ${((100 * pixels) / answer.mask.length).toFixed(1)} %`;
    });
  }
  for (const found of answer) {
    if (!('segmentation' in found)) continue;
    const colour = colourOf(names.indexOf(found.label));
    tint(context, maskPixels(found.segmentation), () => colour);
  }
  for (const found of answer) if ('box' in found) drawBox(context, found, colourOf(names.indexOf(found.label)));
  return answer.map((found) =>
    'box' in found ? `${found.label} ${found.score.toFixed(2)}` : `${found.label} ${found.probability.toFixed(2)}`,
  );
}

function drawBox(context: CanvasRenderingContext2D, { label, score, box }: FoundObject, colour: string): void {
  const [x1, y1, x2, y2] = box;
  const size = Math.max(11, context.canvas.width / 40);
  context.lineWidth = size / 6;
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  context.font = `${size}px sans-serif`;
  context.fillText(`${label} ${score.toFixed(2)}`, x1, Math.max(size, y1 - 3));
}

/** Half of every pixel of the canvas in the colour of its number; those of 0 and of no known class are left as they are. */
function tint(context: CanvasRenderingContext2D, mask: Uint8Array, colour: (label: number) => string): void {
  const { width, height } = context.canvas;
  const image = context.getImageData(0, 0, width, height);
  for (const [i, label] of mask.entries()) {
    if (label === 0 || label === IGNORED) continue;
    const rgb = Number.parseInt(colour(label).slice(1), 16);
    for (const [channel, shift] of [16, 8, 0].entries())
      image.data[4 * i + channel] = ((image.data[4 * i + channel] ?? 0) + ((rgb >> shift) & 255)) / 2;
  }
  context.putImageData(image, 0, 0);
}
