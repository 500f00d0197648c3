/** Pictures with discs and squares on a grey ground, and where they are: something to teach without any photo at hand. */
import { createRandom } from 'espalier';
import { type Labelled, SIZE } from './teach.js';

const COLOURS = { disc: '#c0392b', square: '#2471a3' } as const;

/** Draws picture `index`, with three or four objects that do not touch, and gives their boxes. */
export function drawScene(context: CanvasRenderingContext2D, index: number): Labelled['objects'] {
  const [height, width] = SIZE;
  const random = createRandom([7, index]);
  context.fillStyle = `hsl(${random.integer(360)} 10% ${60 + random.integer(25)}%)`;
  context.fillRect(0, 0, width, height);
  const cells = [0, 1, 2, 3].filter((cell) => cell !== index % 6);
  return cells.map((cell) => {
    const radius = 20 + random.integer(18);
    const x = (cell % 2) * 160 + 40 + random.integer(80);
    const y = Math.floor(cell / 2) * 120 + 40 + random.integer(40);
    const label = random.integer(2) === 0 ? 'disc' : 'square';
    context.fillStyle = COLOURS[label];
    context.beginPath();
    if (label === 'disc') context.arc(x, y, radius, 0, 2 * Math.PI);
    else context.rect(x - radius, y - radius, 2 * radius, 2 * radius);
    context.fill();
    return { label, box: [x - radius, y - radius, x + radius, y + radius] };
  });
}
