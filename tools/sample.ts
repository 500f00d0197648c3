import { drawCells, drawPanoptic, drawRadiographs, drawSkin } from '../datasets/index.js';
import { createOutput } from './output.js';

interface SampleCommand {
  readonly out: string;
  readonly images: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** What can be drawn. */
const SAMPLES = { cells: drawCells, panoptic: drawPanoptic, radiograph: drawRadiographs, skin: drawSkin } as const;

/** Draws a sample. */
export async function sample(kind: keyof typeof SAMPLES, { out, images, seed, json }: SampleCommand): Promise<void> {
  const output = createOutput(json === true);
  const summary = await SAMPLES[kind]({ out, images, seed });
  const { root, train, val, classes, drawn } = summary;
  const verb = drawn ? 'drew' : 'there already:';
  output.result(summary, `${verb} ${train} + ${val} images of ${classes.join(', ')} in ${root}`);
}
