import { dirname, join } from 'node:path';
import * as z from 'zod';
import { DataError } from '../../engine/errors.js';
import { naturalOrder } from '../paths.js';
import type { LabelMap } from '../sample.js';
import { configPath, statedReaders } from '../stated/format.js';
import type { StatedImage } from '../stated/image.js';
import { listFiles } from '../stated/images.js';
import type { WarningList } from '../warnings.js';
import { missingFile } from './check.js';
import { commonKeys, defineFormat, type Format } from './format.js';
import { headOf, partsByName } from './parts.js';

const MOST_FILES = 200;

/** What one file states. */
export interface FileContent {
  /** Looked for beside the file first. */
  readonly images: readonly Omit<StatedImage, 'source' | 'folder'>[];
  /** Null: the names that objects have. */
  readonly classes: LabelMap['classes'] | null;
}

/** A format of files that state many images each, one file or more a split. */
export interface FilesFormat extends Pick<Format, 'title' | 'tools' | 'layout'> {
  readonly kind: string;
  readonly ending: RegExp;
  /** Whether a file is one, by its beginning. */
  readonly isOne: (start: string, path: string) => boolean;
  /** @throws DataError naming the file */
  readonly read: (file: string, warnings: WarningList) => Promise<FileContent>;
}

/** A format by how one of its files is told and read. */
export function filesFormat({ kind, title, tools, layout, ending, isOne, read }: FilesFormat) {
  const config = z.strictObject({
    kind: z.literal(kind),
    ...commonKeys,
    images: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('Folder of the images, relative to root; null: found below root'),
  });
  type Data = z.infer<typeof config>;
  const find = async (root: string): Promise<string[]> => {
    const files = (await listFiles(root)).filter((path) => ending.test(path)).sort(naturalOrder);
    return files.slice(0, MOST_FILES).filter((path) => isOne(headOf(join(root, path)), path));
  };
  return defineFormat({
    kind,
    title,
    tools,
    layout,
    config,
    readers: statedReaders<Data>({
      parts: async ({ root }) => partsByName(await find(root.path)),
      resolve: async (name, { root }) => (ending.test(name) ? [configPath(root, name)] : null),
      read: async (places, { root, data, warnings }) => {
        const files = places.map((place) => configPath(root, place));
        const images: StatedImage[] = [];
        const classes = new Map<string, { readonly id: number; readonly name: string }>();
        for (const file of files) {
          const folder = data.images === null ? dirname(file) : null;
          const content = await read(file, warnings);
          for (const image of content.images) images.push({ ...image, source: file, folder });
          for (const one of content.classes ?? []) if (!classes.has(one.name)) classes.set(one.name, one);
        }
        const [file] = files;
        if (file === undefined) throw new DataError(root.path, `holds no file of ${title}`);
        return { images, classes: classes.size === 0 ? null : [...classes.values()], file };
      },
    }),
    recognise: async ({ paths, head }) => {
      for (const path of paths.filter((name) => ending.test(name)).slice(0, 20)) {
        if (isOne(await head(path), path)) return { keys: {}, name: title, truth: 'boxes' };
      }
      return null;
    },
    check: (data) =>
      missingFile(data, (name) => (ending.test(name) ? configPath({ path: data.root, real: data.root }, name) : null)),
  });
}
