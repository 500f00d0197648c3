/**
 * Makes test/golden/decoders/<model>.json.gz from a folder of reference figures.
 *
 *   node test/golden/recordDecoders.mjs ../shared/goldens/smp
 *
 * Sampled positions are a formula of the record's tag (test/backbones/formula.ts), so that only values are kept.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const [source] = process.argv.slice(2);
const target = join(fileURLToPath(new URL('.', import.meta.url)), 'decoders');
mkdirSync(target, { recursive: true });

const record = ({ tag, shape, mean, std, value, f32_maxabs: noise }) => ({
  ...{ tag, shape, mean, std, noise },
  value: value.map((number) => Number(number.toPrecision(7))),
});

for (const file of readdirSync(source)) {
  const golden = JSON.parse(readFileSync(join(source, file), 'utf8'));
  const content = {
    provenance: `${golden.lib}: ${golden.arch}('${golden.encoder}', ${JSON.stringify(golden.kwargs)}) with formula weights version 1 (test/backbones/formula.ts), float64 forward; positions in NCHW`,
    ...{ arch: golden.arch, settings: golden.kwargs, encoder: golden.encoder, classes: golden.classes },
    ...{ gain: golden.gain, decoderParameters: golden.decoder_params, headParameters: golden.head_params },
    stateDict: golden.state_dict,
    cases: golden.cases.map(({ input, output }) => ({ size: input.slice(2), output: record(output) })),
  };
  writeFileSync(join(target, `${file}.gz`), gzipSync(JSON.stringify(content), { level: 9 }));
}
