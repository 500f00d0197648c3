import { type Cell, formatTable } from './table.js';

const SUMMARY = ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'VOC07', 'VOC10', 'mIoU', 'pixelAccuracy', 'dice'];
const RECALL = ['AR1', 'AR10', 'AR100', 'ARs', 'ARm', 'ARl'];

/** A report as tables: the figures, the recalls, and one row per class; a sentence where nothing was to be measured. */
export function describeReport(report: object): string {
  const figures: { readonly [name: string]: unknown } = { ...report };
  if (figures.AP === null) return 'no objects to find: AP and the other figures are absent';
  if (figures.mIoU === null) return 'no pixels to compare: mIoU and the other figures are absent';
  const tables = [SUMMARY, RECALL].flatMap((names) => {
    const present = names.filter((name) => name in figures);
    return present.length === 0 ? [] : [formatTable(present, [present.map((name) => cell(figures[name]))])];
  });
  return [...tables, ...classTable(figures)].join('\n\n');
}

function classTable({ perClass, perClassIoU, perClassDice }: { readonly [name: string]: unknown }): string[] {
  if (Array.isArray(perClass)) {
    const rows = (perClass as readonly { name: string; AP: number | null; AP50: number | null }[]).map(
      ({ name, AP, AP50 }): Cell[] => [name, cell(AP), cell(AP50)],
    );
    return [formatTable(['class', 'AP', 'AP50'], rows)];
  }
  if (!isRecord(perClassIoU)) return [];
  const dice = isRecord(perClassDice) ? perClassDice : {};
  const rows = Object.entries(perClassIoU).map(([name, iou]): Cell[] => [name, cell(iou), cell(dice[name])]);
  return [formatTable(['class', 'IoU', 'Dice'], rows)];
}

const cell = (value: unknown): Cell => (typeof value === 'number' ? value : '-');
const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null;
