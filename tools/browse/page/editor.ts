import type { ShapeBox } from '../../../datasets/pictures/index.js';
import { byId, element, svgElement } from '../../dashboard/page/dom.js';
import { colorOf } from '../../dashboard/page/figures.js';
import type { ListedSet, ShownImage } from '../browse.js';

type Box = Pick<ShapeBox, 'box' | 'label'>;

/** Fewest pixels of a side that is drawn. */
const LEAST = 2;

/**
 * One image, large. A box is chosen with a click or the tab key and removed with the delete key; an answer, dashed, is taken over with
 * a click or Enter; a new box is drawn with the mouse.
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
    { 'aria-label': 'class of a new box' },
    ...set.names.map((name, i) => element('option', { value: String(i) }, name)),
  );

  const rectangle = ({ box: [x1, y1, x2, y2], label: of }: Box, isOffer: boolean): SVGElement => {
    const name = `${set.names[of] ?? of}${isOffer ? ', an answer: Enter takes it over' : ': Delete removes it'}`;
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
  const take = (offer: Box): void => {
    boxes = [...boxes, { box: offer.box, label: offer.label }];
    offers = offers.filter((each) => each !== offer);
    draw();
  };
  const draw = (): void => {
    svg.replaceChildren();
    for (const box of boxes) {
      const made = rectangle(box, false);
      made.addEventListener('keydown', (event) => {
        if (!canEdit || !['Delete', 'Backspace'].includes(event.key)) return;
        boxes = boxes.filter((each) => each !== box);
        draw();
      });
      svg.append(made);
    }
    for (const offer of offers) {
      const made = rectangle(offer, true);
      if (canEdit) made.addEventListener('click', () => take(offer));
      made.addEventListener('keydown', (event) => canEdit && event.key === 'Enter' && take(offer));
      svg.append(made);
    }
  };
  const at = (event: PointerEvent): readonly [number, number] => {
    const { left, top, width, height } = svg.getBoundingClientRect();
    return [((event.clientX - left) / width) * image.width, ((event.clientY - top) / height) * image.height];
  };
  svg.addEventListener('pointerdown', (down) => {
    if (!canEdit || down.target !== svg) return;
    const [x, y] = at(down);
    svg.setPointerCapture(down.pointerId);
    svg.addEventListener(
      'pointerup',
      (up) => {
        const [toX, toY] = at(up);
        if (Math.abs(toX - x) < LEAST || Math.abs(toY - y) < LEAST) return;
        const box = [Math.min(x, toX), Math.min(y, toY), Math.max(x, toX), Math.max(y, toY)] as const;
        boxes = [...boxes, { box, label: Number(label.value) }];
        draw();
      },
      { once: true },
    );
  });
  const close = element('button', { type: 'button' }, 'close');
  close.addEventListener('click', () => dialog.close());
  const write = element('button', { type: 'button' }, 'save');
  write.addEventListener('click', async () => {
    said.textContent = await save(boxes);
  });
  const tools = element('div', { class: 'tools' }, close, image.id, ...(canEdit ? [label, write] : []), said);
  const picture = element('img', { src: `data:image/jpeg;base64,${image.jpeg}`, alt: image.id, draggable: 'false' });
  draw();
  dialog.replaceChildren(tools, element('div', { class: 'frame' }, picture, svg));
  dialog.showModal();
}
