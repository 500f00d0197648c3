import { valueAt } from './checked.js';
import type { Color, DrawCommand } from './draw.js';

/** What `drawCommands` needs of a CanvasRenderingContext2D, in a browser or from a package for Node. */
export interface Canvas2D {
  globalAlpha: number;
  fillStyle: unknown;
  strokeStyle: unknown;
  lineWidth: number;
  beginPath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  closePath(): void;
  arc(x: number, y: number, radius: number, from: number, to: number): void;
  fill(): void;
  stroke(): void;
  fillRect(x: number, y: number, w: number, h: number): void;
}

/** Draws on a canvas that shows the image in its own size. Captions are text for the page and not drawn. */
export function drawCommands(context: Canvas2D, commands: readonly DrawCommand[]): void {
  for (const command of commands) {
    if (command.kind === 'text') continue;
    context.fillStyle = css(command.color);
    context.strokeStyle = css(command.kind === 'point' ? command.edge : command.color);
    if (command.kind === 'mask') {
      context.globalAlpha = command.fill;
      fillMask(context, command);
      continue;
    }
    context.globalAlpha = 1;
    context.lineWidth = command.kind === 'point' ? 2 : command.line;
    context.beginPath();
    if (command.kind === 'point') context.arc(command.x, command.y, command.radius, 0, 2 * Math.PI);
    else trace(context, command.points, command.kind === 'polygon');
    const inside = command.kind === 'point' ? 1 : command.kind === 'polygon' ? command.fill : 0;
    if (inside > 0) {
      context.globalAlpha = inside;
      context.fill();
      context.globalAlpha = 1;
    }
    if (command.kind === 'point' || command.line > 0) context.stroke();
  }
  context.globalAlpha = 1;
}

const css = (color: Color): string => `rgb(${color.map((part) => Math.round(255 * part)).join(', ')})`;

function trace(context: Canvas2D, points: readonly number[], close: boolean): void {
  for (let i = 0; i + 1 < points.length; i += 2) {
    if (i === 0) context.moveTo(valueAt(points, 0), valueAt(points, 1));
    else context.lineTo(valueAt(points, i), valueAt(points, i + 1));
  }
  if (close) context.closePath();
}

/** One rectangle per stretch of a column. */
function fillMask(
  context: Canvas2D,
  { data, height, width }: { data: Uint8Array; height: number; width: number },
): void {
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      const begin = y;
      while (y < height && data[x * height + y]) y++;
      if (y > begin) context.fillRect(x, begin, 1, y - begin);
    }
  }
}
