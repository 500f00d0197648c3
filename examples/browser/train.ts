/** Boxes drawn with the mouse, a detector trained on them in the page, its loss as a curve, its checkpoint as a download. */
import * as tfvis from '@tensorflow/tfjs-vis';
import { type FoundObject, openDetector, ready } from 'espalier';
import 'espalier/webgpu';
import { drawScene } from './scene.js';
import { type Labelled, SIZE, teach } from './teach.js';

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const settingOf = (id: string): string => element<HTMLInputElement | HTMLSelectElement>(id).value;
const canvas = element<HTMLCanvasElement>('canvas');
const context = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
const [height, width] = SIZE;
const PICTURES = 6;

/** Every image at the size of the network's input, with its boxes. */
const images: { readonly image: ImageData; objects: Labelled['objects'] }[] = [];
let shown = 0;
let checkpoint: Uint8Array | null = null;
let training: AbortController | null = null;

const say = (text: string): void => {
  element('status').textContent = text;
};
const on = (id: string, act: () => unknown): void =>
  element(id).addEventListener('click', () => {
    Promise.resolve()
      .then(act)
      .catch((error: unknown) => say(error instanceof Error ? error.message : String(error)));
  });

function show(found: readonly FoundObject[] = []): void {
  const current = images[shown];
  if (!current) return;
  context.putImageData(current.image, 0, 0);
  outline(current.objects, '#111');
  outline(found, '#f0f');
  const boxes = images.reduce((sum, { objects }) => sum + objects.length, 0);
  say(`image ${shown + 1} of ${images.length}, ${boxes} boxes in all`);
}

function outline(objects: Labelled['objects'], colour: string): void {
  context.strokeStyle = colour;
  context.fillStyle = colour;
  for (const { label, box } of objects) {
    const [x1, y1, x2, y2] = box;
    context.strokeRect(x1, y1, x2 - x1, y2 - y1);
    context.fillText(label, x1 + 2, y1 + 10);
  }
}

function add(objects: Labelled['objects'] = []): void {
  images.push({ image: context.getImageData(0, 0, width, height), objects });
}

/** At the top left, its aspect kept: as the library lays images into a network's input. */
async function addFile(file: Blob): Promise<void> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(width / bitmap.width, height / bitmap.height);
  context.fillStyle = '#7f7f7f';
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, bitmap.width * scale, bitmap.height * scale);
  add();
}

element('files').addEventListener('change', async ({ target }) => {
  for (const file of (target as HTMLInputElement).files ?? []) await addFile(file);
  show();
});
on('sample', () => {
  const before = images.length; // further pictures are others
  for (let i = 0; i < PICTURES; i++) add(drawScene(context, before + i));
  show();
});
const turn = (by: number): void => {
  shown = (shown + by + images.length) % Math.max(1, images.length);
  show();
};
on('previous', () => turn(-1));
on('next', () => turn(1));
on('undo', () => {
  const current = images[shown];
  if (current) current.objects = current.objects.slice(0, -1);
  show();
});

let corner: readonly [number, number] | null = null;
const place = ({ offsetX, offsetY }: MouseEvent): readonly [number, number] => [
  (offsetX * width) / canvas.clientWidth,
  (offsetY * height) / canvas.clientHeight,
];
canvas.addEventListener('mousedown', (event) => {
  corner = place(event);
});
canvas.addEventListener('mouseup', (event) => {
  const current = images[shown];
  const [from, to] = [corner, place(event)];
  corner = null;
  if (!current || !from || Math.abs(from[0] - to[0]) < 3 || Math.abs(from[1] - to[1]) < 3) return;
  const [[x1, x2], [y1, y2]] = ([0, 1] as const).map((axis) => [from[axis], to[axis]].sort((a, b) => a - b)) as [
    [number, number],
    [number, number],
  ];
  current.objects = [...current.objects, { label: settingOf('label'), box: [x1, y1, x2, y2] }];
  show();
});

on('train', async () => {
  const { description } = await ready({ engine: settingOf('engine') as 'wasm', wasmPaths: '/wasm/' });
  const controller = new AbortController();
  training = controller;
  const address = settingOf('weights');
  say(`loading, ${description}`);
  const weights = address === '' ? {} : { weights: await bytesAt(address) };
  const curve: { x: number; y: number }[] = [];
  const started = performance.now();
  const steps = Number(settingOf('steps'));
  const labelled = images.map(({ image, objects }) => ({ pixels: image.data, objects }));
  checkpoint = await teach(labelled, {
    ...weights,
    steps,
    signal: controller.signal,
    onStep: async (step, loss) => {
      curve.push({ x: step, y: loss });
      say(`step ${step} of ${steps}: loss ${loss.toFixed(3)}, ${((performance.now() - started) / 1000).toFixed(0)} s`);
      if (step % 5 === 0 || step === steps) {
        const data = { values: [curve], series: ['loss'] };
        await tfvis.render.linechart(element('curve'), data, {
          xLabel: 'step',
          yLabel: 'loss',
          height: 220,
          width: 480,
        });
      }
      await new Promise(requestAnimationFrame); // the page is drawn between steps
    },
  });
  element<HTMLButtonElement>('download').disabled = false;
  say(`trained ${curve.length} steps in ${((performance.now() - started) / 1000).toFixed(0)} s`);
});
on('download', () => {
  const file = new Blob([checkpoint as Uint8Array<ArrayBuffer>]);
  const link = Object.assign(document.createElement('a'), {
    href: URL.createObjectURL(file),
    download: 'last.safetensors',
  });
  link.click();
  URL.revokeObjectURL(link.href);
});
on('stop', () => training?.abort());
on('find', async () => {
  if (!checkpoint) throw new Error('nothing is trained yet');
  const detector = await openDetector(checkpoint, { threshold: 0.3 });
  const { image } = images[shown] as { readonly image: ImageData };
  const found = await detector.predict(image);
  detector.dispose();
  show(found);
  say(found.map(({ label, score }) => `${label} ${score.toFixed(2)}`).join(', ') || 'nothing found');
});

async function bytesAt(address: string): Promise<Uint8Array> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: the server answers ${response.status}; or leave the weights out`);
  return new Uint8Array(await response.arrayBuffer());
}
