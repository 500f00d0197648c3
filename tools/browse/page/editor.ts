import type { ShapeBox } from '../../../datasets/pictures/index.js';
import { byId, element, svgElement } from '../../dashboard/page/dom.js';
import { colorOf } from '../../dashboard/page/figures.js';
import type { ListedSet, ShownImage } from '../browse.js';

type Box = Pick<ShapeBox, 'box' | 'label'>;

/** Fewest pixels of a side that is drawn. */
const LEAST = 2;
/** Pixels right and down. */
const MOVES: { readonly [key: string]: readonly [x: number, y: number] } = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * One image, large. A box is chosen with a click or the tab key, moved with the arrow keys, made larger or smaller with Shift and these, and
 * removed with the delete key; an answer, dashed, is taken over with a click or Enter; a new box is drawn with the mouse, or put into the
 * middle with a button.
 *
 * @param save writes the boxes; resolves to what was done, for people
 */
export function openEditor(image: ShownImage, set: ListedSet, save: (boxes: readonly Box[]) => Promise<string>): void {
  const dialog = byId('editor') as HTMLDialogElement;
  let boxes: readonly Box[] = (image.truth.boxes ?? [])
    .filter(({ ignored }) => !ignored)
    .map(({ box, label }) => ({ box, label }));
  let offers: readonly Box[] = image.extra.flatMap((i) => image.answer?.boxes?.[i] ?? []);
  const canEdit = set.corrections !== null;
  const line = Math.max(image.width, image.height) / 400;
  const svg = svgElement('svg', { viewBox: `0 0 ${image.width} ${image.height}`, class: 'overlay' });
  const said = element('span', { role: 'status' });
  const label = element(
    'select',
    { 'aria-label': 'class of the chosen box, or of a new one' },
    ...set.names.map((name, i) => element('option', { value: String(i) }, name)),
  );

  const rectangle = ({ box: [x1, y1, x2, y2], label: of }: Box, isOffer: boolean): SVGElement => {
    const name = `${set.names[of] ?? of}${isOffer ? ', an answer: Enter takes it over' : canEdit ? ': arrows move it, Delete removes it' : ''}`;
    const place = { x: x1, y: y1, width: Math.max(0, x2 - x1), height: Math.max(0, y2 - y1) };
    const look = {
      fill: 'transparent',
      stroke: colorOf(of),
      'stroke-width': 2 * line,
      ...(isOffer ? { 'stroke-dasharray': `${4 * line} ${3 * line}` } : {}),
    };
    return svgElement(
      'rect',
      { ...place, ...look, tabindex: 0, role: 'button', 'aria-label': name },
      svgElement('title', {}, name),
    );
  };
  /** The box that was chosen last. */
  let chosen: Box | null = null;
  const add = (box: Box): void => {
    boxes = [...boxes, box];
    draw(box);
  };
  const take = (offer: Box): void => {
    offers = offers.filter((each) => each !== offer);
    add({ box: offer.box, label: offer.label });
  };
  const replace = (box: Box, next: Box): void => {
    boxes = boxes.map((each) => (each === box ? next : each));
    draw(next);
  };
  const press = (event: KeyboardEvent, box: Box): void => {
    const [x, y] = MOVES[event.key] ?? [0, 0];
    if (event.key === 'Delete' || event.key === 'Backspace') {
      boxes = boxes.filter((each) => each !== box);
      chosen = null;
      draw();
    } else if (x !== 0 || y !== 0) {
      const [x1, y1, x2, y2] = box.box;
      const [left, top] = event.shiftKey ? [x1, y1] : [x1 + x, y1 + y];
      const isLarge = x2 + x - left >= LEAST && y2 + y - top >= LEAST;
      if (isLarge) replace(box, { ...box, box: [left, top, x2 + x, y2 + y] });
    } else return;
    event.preventDefault(); // the page would move
  };
  const draw = (focused?: Box): void => {
    svg.replaceChildren();
    for (const box of boxes) {
      const made = rectangle(box, false);
      made.addEventListener('focus', () => {
        chosen = box;
        label.value = String(box.label);
      });
      if (canEdit) made.addEventListener('keydown', (event) => press(event, box));
      svg.append(made);
      if (box === focused) made.focus();
    }
    for (const offer of offers) {
      const made = rectangle(offer, true);
      if (canEdit) made.addEventListener('click', () => take(offer));
      made.addEventListener('keydown', (event) => canEdit && event.key === 'Enter' && take(offer));
      svg.append(made);
    }
  };
  label.addEventListener('change', () => {
    if (chosen === null) return;
    const next = { ...chosen, label: Number(label.value) };
    boxes = boxes.map((each) => (each === chosen ? next : each));
    chosen = next;
    draw();
  });
  const at = (event: PointerEvent): readonly [number, number] => {
    const { left, top, width, height } = svg.getBoundingClientRect();
    return [((event.clientX - left) / width) * image.width, ((event.clientY - top) / height) * image.height];
  };
  svg.addEventListener('pointerdown', (down) => {
    if (!canEdit || down.target !== svg) return;
    chosen = null;
    const [x, y] = at(down);
    svg.setPointerCapture(down.pointerId);
    svg.addEventListener(
      'pointerup',
      (up) => {
        const [toX, toY] = at(up);
        if (Math.abs(toX - x) < LEAST || Math.abs(toY - y) < LEAST) return;
        const box = [Math.min(x, toX), Math.min(y, toY), Math.max(x, toX), Math.max(y, toY)] as const;
        add({ box, label: Number(label.value) });
      },
      { once: true },
    );
  });
  const close = element('button', { type: 'button' }, 'close');
  close.addEventListener('click', () => dialog.close());
  const insert = element('button', { type: 'button' }, 'new box');
  insert.addEventListener('click', () => {
    const [x, y] = [image.width / 2, image.height / 2];
    add({ box: [x * 0.8, y * 0.8, x * 1.2, y * 1.2], label: Number(label.value) });
  });
  const write = element('button', { type: 'button' }, 'save');
  write.addEventListener('click', async () => {
    said.textContent = await save(boxes);
  });
  const tools = element('div', { class: 'tools' }, close, image.id, ...(canEdit ? [label, insert, write] : []), said);
  const keys = element(
    'p',
    { class: 'note' },
    canEdit
      ? 'Tab chooses a box, arrows move it, Shift and arrows change its size, Delete removes it; Enter takes over a dashed answer; the mouse draws a new one.'
      : 'Nothing can be corrected here: only boxes of a COCO file can.',
  );
  const picture = element('img', { src: `data:image/jpeg;base64,${image.jpeg}`, alt: image.id, draggable: 'false' });
  draw();
  dialog.replaceChildren(tools, keys, element('div', { class: 'frame' }, picture, svg));
  dialog.showModal();
}
