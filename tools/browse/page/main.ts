import { byId, element } from '../../dashboard/page/dom.js';
import { figureOf, legendOf } from '../../dashboard/page/figures.js';
import type { ListedImage, ListedSet, ShownImage } from '../browse.js';
import { openEditor } from './editor.js';

const set = (await (await fetch('api/set')).json()) as ListedSet;
/** Images that are shown at once; more on demand. */
const PAGE = 24;
let shownCount = PAGE;
/** A newer drawing ends an older one. */
let drawing = 0;

const control = (id: string): HTMLInputElement | HTMLSelectElement => byId(id) as HTMLInputElement | HTMLSelectElement;
const cache = new Map<number, ShownImage>();

async function load(index: number): Promise<ShownImage> {
  const known = cache.get(index);
  if (known) return known;
  const response = await fetch(`api/image?index=${index}`);
  if (!response.ok) throw new Error(await response.text());
  const image = (await response.json()) as ShownImage;
  if (cache.size > 200) cache.clear();
  cache.set(index, image);
  return image;
}

const sizeOf = (side: number): string => (side <= 32 ? 'small' : side <= 96 ? 'medium' : 'large');

/** Whether an image is wanted by what is known before it is decoded. */
function isListed({ id, objects }: ListedImage): boolean {
  const [name, label, size] = ['name', 'class', 'size'].map((key) => control(key).value);
  if (!id.toLowerCase().includes((name ?? '').toLowerCase())) return false;
  if (label === '' && size === '') return true;
  return (objects ?? []).some(
    ([of, side]) => (label === '' || of === Number(label)) && (size === '' || sizeOf(side) === size),
  );
}

function hasErrors({ errors }: ShownImage): boolean {
  const wanted = control('errors').value;
  if (wanted === '') return true;
  return wanted === 'right' ? errors.length === 0 : errors.some((kind) => kind === wanted);
}

async function draw(): Promise<void> {
  const own = ++drawing;
  const listed = [...set.images.keys()].filter((index) => isListed(set.images[index]!));
  const gallery = byId('gallery');
  gallery.replaceChildren();
  byId('more').hidden = true;
  let count = 0;
  for (const [looked, index] of listed.entries()) {
    byId('state').textContent = `${listed.length} of ${set.images.length} images; ${looked} looked at`;
    let image: ShownImage;
    try {
      image = await load(index);
    } catch (error) {
      gallery.append(
        element(
          'p',
          { class: 'warning' },
          `${set.images[index]?.id}: ${error instanceof Error ? error.message : error}`,
        ),
      );
      continue;
    }
    if (own !== drawing) return;
    if (!hasErrors(image)) continue;
    gallery.append(figure(index, image));
    if (++count >= shownCount) {
      byId('more').hidden = looked + 1 >= listed.length;
      break;
    }
  }
  byId('state').textContent = `${listed.length} of ${set.images.length} images`;
}

function figure(index: number, image: ShownImage): HTMLElement {
  const { extra, missed } = image;
  const picture = { ...image, file: '', error: null };
  const made = figureOf(
    picture,
    `data:image/jpeg;base64,${image.jpeg}`,
    set.names,
    image.answer ? { extra, missed } : undefined,
  );
  const frame = made.querySelector<HTMLElement>('.frame');
  frame?.setAttribute('tabindex', '0');
  frame?.setAttribute('role', 'button');
  const open = (): void =>
    openEditor(image, set, async (boxes) => {
      const response = await fetch('api/correct', { method: 'POST', body: JSON.stringify({ index, boxes }) });
      if (!response.ok) return await response.text();
      cache.set(index, { ...image, truth: { boxes: [...boxes] } });
      return `written to ${(await response.json()) as string}`;
    });
  frame?.addEventListener('click', open);
  frame?.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault(); // it would press the button that gets the focus
    open();
  });
  return made;
}

for (const [label, name] of set.names.entries())
  byId('class').append(element('option', { value: String(label) }, name));
(control('errors') as HTMLSelectElement).disabled = !set.hasAnswers;
byId('legend').append(legendOf(set.names));
for (const id of ['name', 'class', 'size', 'errors']) {
  byId(id).addEventListener('input', () => {
    shownCount = PAGE;
    void draw();
  });
}
byId('more').addEventListener('click', () => {
  shownCount += PAGE;
  void draw();
});
void draw();
