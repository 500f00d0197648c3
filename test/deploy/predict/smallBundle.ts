import type { Description } from '../../../deploy/description.js';
import { type ExportedFile, FORMATS } from '../../../deploy/formats.js';
import type { Model } from '../../../heads/index.js';
import { buildNetwork, describeAs, SIZE } from '../smallNetwork.js';

/** A network of a head, and the files of its bundle. */
export async function smallBundle(
  head: string,
  more: Partial<Description> = {},
): Promise<{ readonly model: ReturnType<typeof buildNetwork>; readonly files: readonly ExportedFile[] }> {
  const model = buildNetwork(head);
  const { exported } = model;
  if (!exported) throw new Error(`${head} is not exported`);
  const description = describeAs(exported.reading, { threshold: 0, ...more });
  const { batch } = description.input;
  const files = await FORMATS.bundle.write({
    model: model as unknown as Model<unknown>,
    description,
    nms: 'none',
    batch,
  });
  return { model, files };
}

/** An image that fills the small network's input: colours by place. */
export function smallImage(shift = 0) {
  const [height, width] = SIZE;
  const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => 127 + 120 * Math.sin((i + shift) * 0.01));
  return { data, width, height };
}
