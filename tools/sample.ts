import { drawCells } from '../datasets/sample-data/drawCells.js';
import { createOutput } from './output.js';

interface SampleCommand {
  readonly out: string;
  readonly images: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** Draws the cell sample. */
export async function sample({ out, images, seed, json }: SampleCommand): Promise<void> {
  const output = createOutput(json === true);
  const summary = await drawCells({ out, images, seed });
  const { root, train, val, classes, drawn } = summary;
  const verb = drawn ? 'drew' : 'there already:';
  output.result(summary, `${verb} ${train} + ${val} images of ${classes.join(', ')} in ${root}`);
}
