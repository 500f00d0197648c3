/** Drop an image or use the camera: what the model finds is drawn, with its runtime and how long it took. */
import { type AnyModel, type ImageSource, openModel, type RuntimeName } from 'espalier/predict';
import { drawAnswer } from './draw.js';

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const [canvas, status] = [element<HTMLCanvasElement>('canvas'), element('status')];
const context = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
let model: AnyModel<ImageSource> | null = null;
let camera: HTMLVideoElement | null = null;

const say = (text: string): void => {
  status.textContent = text;
};
const complaining = (work: Promise<unknown>): void => {
  work.catch((error: unknown) => say(error instanceof Error ? error.message : String(error)));
};

async function open(): Promise<AnyModel<ImageSource>> {
  await model?.dispose();
  model = null;
  say('opening the model');
  const runtime = element<HTMLSelectElement>('runtime').value;
  const opened = await openModel(element<HTMLInputElement>('model').value, {
    threshold: Number(element<HTMLInputElement>('threshold').value),
    ...(runtime === '' ? {} : { runtime: runtime as RuntimeName }),
  });
  const first = await opened.warmUp();
  say(`${opened.task} on ${opened.runtime}, first answer after ${first.toFixed(0)} ms`);
  model = opened;
  return opened;
}

/** Shows an image with what is found in it. */
async function look(image: ImageBitmap | HTMLVideoElement): Promise<void> {
  const opened = model ?? (await open());
  const [width, height] = 'videoWidth' in image ? [image.videoWidth, image.videoHeight] : [image.width, image.height];
  const started = performance.now();
  const answer = await opened.predict(image);
  const milliseconds = performance.now() - started;
  [canvas.width, canvas.height] = [width, height];
  context.drawImage(image, 0, 0);
  const lines = drawAnswer(context, opened, answer);
  element('found').replaceChildren(
    ...lines.map((line) => Object.assign(document.createElement('li'), { textContent: line })),
  );
  say(`${opened.task} on ${opened.runtime}: ${milliseconds.toFixed(0)} ms, ${lines.length} found`);
}

const lookAt = async (file: Blob): Promise<void> => look(await createImageBitmap(file));

async function film(): Promise<void> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  const video = Object.assign(document.createElement('video'), { srcObject: stream, muted: true, playsInline: true });
  await video.play();
  camera = video;
  while (camera === video) {
    await look(video);
    await new Promise(requestAnimationFrame);
  }
}

function stopFilming(): void {
  const stream = camera?.srcObject;
  if (stream instanceof MediaStream) for (const track of stream.getTracks()) track.stop();
  camera = null;
}

element('open').addEventListener('click', () => complaining(open()));
element('file').addEventListener('change', ({ target }) => {
  const [file] = (target as HTMLInputElement).files ?? [];
  stopFilming();
  if (file) complaining(lookAt(file));
});
element('camera').addEventListener('click', () => (camera ? stopFilming() : complaining(film())));
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  stopFilming();
  const [file] = event.dataTransfer?.files ?? [];
  if (file) complaining(lookAt(file));
});
