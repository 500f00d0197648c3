import { type BackboneArch, FAMILIES } from '../../backbones/index.js';
import { type Cell, formatMarkdown, formatTable } from '../table.js';
import { describeField } from './stages.js';
import { type BackboneTables, backboneTables } from './tables.js';

/** One architecture, counted for one RGB image of its own size. */
export interface BackboneRow extends Pick<BackboneTables, 'arch' | 'inputPixels' | 'activations' | 'peakBytes'> {
  readonly family: string;
  /** Its maps, finest first. */
  readonly levels: readonly Pick<
    BackboneTables['stages'][number],
    'level' | 'stride' | 'channels' | 'receptiveField'
  >[];
  /** With a classifier of 1000 classes. */
  readonly parameters: number;
  readonly macs: number;
}

interface Layout {
  readonly markdown: boolean;
}

/** Every architecture of every family, or of those asked for. Needs no engine. */
export function backboneRows(families: readonly string[] = Object.keys(FAMILIES)): readonly BackboneRow[] {
  return Object.entries(FAMILIES).flatMap(([family, { archs }]) =>
    families.includes(family) ? archs.map((arch) => rowOf(family, arch)) : [],
  );
}

function rowOf(family: string, arch: BackboneArch): BackboneRow {
  const { inputPixels, activations, peakBytes, stages, classifier } = backboneTables(arch);
  const levels = stages.flatMap(({ level, stride, channels, receptiveField }) =>
    level === null ? [] : [{ level, stride, channels, receptiveField }],
  );
  return { family, arch, inputPixels, levels, ...classifier, activations, peakBytes };
}

const MILLION = 1e6;
const MEBIBYTE = 2 ** 20;
const HEADER = [
  ...['backbone', 'pixels', 'M parameters', 'G MACs', 'M activations', 'MiB of maps'],
  ...['maps', 'strides', 'channels', 'deepest sees'],
];

/** One line for each architecture. */
export function describeBackbones(rows: readonly BackboneRow[], { markdown }: Layout): string {
  const cells = rows.map(({ levels, ...row }): readonly Cell[] => {
    const [first, last] = [levels[0], levels.at(-1)];
    const maps = levels.length > 1 ? `${first?.level}-${last?.level}` : `${first?.level}`;
    return [
      ...[code(row.arch, markdown), row.inputPixels, row.parameters / MILLION, row.macs / 1e9],
      ...[row.activations / MILLION, row.peakBytes / MEBIBYTE, maps],
      ...[levels.map(({ stride }) => stride).join(' '), levels.map(({ channels }) => channels).join(' ')],
      describeField(last?.receptiveField ?? null),
    ];
  });
  return markdown ? formatMarkdown(HEADER, cells) : formatTable(HEADER, cells);
}

/** One line for each family: its smallest and largest network. */
export function describeFamilies(rows: readonly BackboneRow[]): string {
  const cells = familiesOf(rows).map(([family, members]): readonly Cell[] => {
    const [smallest = '', ...larger] = members.map(brief);
    return [family, members.length, smallest, larger.at(-1) ?? ''];
  });
  return formatTable(['family', 'networks', 'smallest: parameters, MACs', 'largest'], cells);
}

/** A sentence of a page: how many networks each family has, and how large they are. */
export function listFamilies(rows: readonly BackboneRow[]): string {
  const entries = familiesOf(rows).map(([family, members]) => {
    const [least, most] = [members[0], members.at(-1)].map((row) => ((row?.parameters ?? 0) / MILLION).toFixed(0));
    return `${family} ${members.length} (${least === most ? most : `${least}-${most}`} M)`;
  });
  return `Networks of each family, and their parameters: ${entries.join(', ')}.`;
}

/** Each family with its networks, the smallest first. */
function familiesOf(rows: readonly BackboneRow[]): readonly (readonly [string, readonly BackboneRow[]])[] {
  return [...new Set(rows.map(({ family }) => family))].map((family) => [
    family,
    rows.filter((row) => row.family === family).toSorted((a, b) => a.parameters - b.parameters),
  ]);
}

const code = (name: string, markdown: boolean): string => (markdown ? `\`${name}\`` : name);

function brief({ arch, parameters, macs }: BackboneRow): string {
  return `${arch}: ${(parameters / MILLION).toFixed(1)} M, ${(macs / 1e9).toFixed(1)} G`;
}
