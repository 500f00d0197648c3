import type { KeptPicture } from '../../../training/run/index.js';
import { byId, element } from '../../dashboard/page/dom.js';
import { figureOf, legendOf } from '../../dashboard/page/figures.js';

/** An image as the report holds it. */
export interface PageImage extends Omit<KeptPicture, 'file' | 'error'> {
  readonly error: number;
  /** Base64 of a JPEG; null: left out, as the report would be too large. */
  readonly jpeg: string | null;
  readonly extra: readonly number[];
  readonly missed: readonly number[];
  readonly cells: readonly string[];
}

export interface PageData {
  readonly names: readonly string[];
  readonly images: readonly PageImage[];
}

const { names, images } = JSON.parse(byId('data').textContent ?? '') as PageData;
/** Images that are drawn at once; more on demand. */
const PAGE = 48;
let [cell, shownCount] = ['', PAGE];

const search = byId('search') as HTMLInputElement;
const order = byId('order') as HTMLSelectElement;

function figure(image: PageImage): HTMLElement {
  const source = `data:image/jpeg;base64,${image.jpeg}`;
  const made = figureOf({ ...image, file: '' }, source, names, { extra: image.extra, missed: image.missed });
  const frame = made.querySelector<HTMLElement>('.frame');
  frame?.setAttribute('tabindex', '0');
  frame?.setAttribute('role', 'button');
  frame?.setAttribute('aria-label', `enlarge ${image.id}`);
  frame?.addEventListener('click', () => enlarge(image));
  frame?.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault(); // it would press the button that gets the focus
    enlarge(image);
  });
  return made;
}

function enlarge(image: PageImage): void {
  const dialog = byId('large') as HTMLDialogElement;
  const close = element('button', { type: 'button' }, 'close');
  close.addEventListener('click', () => dialog.close());
  const source = `data:image/jpeg;base64,${image.jpeg}`;
  dialog.replaceChildren(
    close,
    figureOf({ ...image, file: '' }, source, names, { extra: image.extra, missed: image.missed }, true),
  );
  dialog.showModal();
}

function draw(): void {
  const wanted = search.value.toLowerCase();
  const matching = images.filter(
    ({ id, cells, jpeg }) =>
      jpeg !== null && id.toLowerCase().includes(wanted) && (cell === '' || cells.includes(cell)),
  );
  const sorted = order.value === 'name' ? matching : [...matching].sort((a, b) => b.error - a.error);
  byId('count').textContent =
    `${matching.length} of ${images.length} images${cell === '' ? '' : `, those of one cell of the confusion`}`;
  byId('gallery').replaceChildren(
    legendOf(names),
    element('div', { class: 'pictures' }, ...sorted.slice(0, shownCount).map(figure)),
  );
  byId('more').hidden = sorted.length <= shownCount;
  byId('all').hidden = cell === '';
}

function choose(next: string): void {
  cell = next === cell ? '' : next;
  shownCount = PAGE;
  for (const button of document.querySelectorAll('[data-cell]')) {
    button.setAttribute('aria-pressed', String(button.getAttribute('data-cell') === cell));
  }
  draw();
}

for (const button of document.querySelectorAll<HTMLElement>('[data-cell]')) {
  button.addEventListener('click', () => {
    choose(button.dataset.cell ?? '');
    byId('images').scrollIntoView();
  });
}
for (const link of document.querySelectorAll<HTMLElement>('[data-image]')) {
  link.addEventListener('click', () => {
    const image = images.find(({ id }) => id === link.dataset.image);
    if (image?.jpeg) enlarge(image);
  });
}
search.addEventListener('input', draw);
order.addEventListener('change', draw);
byId('all').addEventListener('click', () => choose(''));
byId('more').addEventListener('click', () => {
  shownCount += PAGE;
  draw();
});
draw();
