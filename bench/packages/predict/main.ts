import { openModel } from 'espalier/predict';

const model = await openModel('/model.bundle', { task: 'detection', threshold: 0 });
const image = new Image();
image.src = '/photo.png';
await image.decode();
const canvas = document.createElement('canvas');
[canvas.width, canvas.height] = [image.width, image.height];
const context = canvas.getContext('2d') as CanvasRenderingContext2D;
context.drawImage(image, 0, 0);
for (const {
  label,
  score,
  box: [x1, y1, x2, y2],
} of await model.predict(image)) {
  context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  context.fillText(`${label} ${score.toFixed(2)}`, x1, y1);
}
document.body.append(canvas);
