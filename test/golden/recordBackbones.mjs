/**
 * Makes test/golden/backbones/<model>.json.gz and table.json.gz from a folder of reference figures.
 *
 *   node test/golden/recordBackbones.mjs ../shared/goldens            every network of timm, torchvision and Keras
 *   node test/golden/recordBackbones.mjs ../shared/goldens resnet50   one
 *   node test/golden/recordBackbones.mjs OUT                          what recordBackbones.py recorded
 *
 * Sampled positions are a formula of the record's tag (test/backbones/records.ts), so that only values are kept.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const [source, ...names] = process.argv.slice(2);
const target = join(fileURLToPath(new URL('.', import.meta.url)), 'backbones');
mkdirSync(target, { recursive: true });

/** Kinds whose formulas agree are one: layer scale and norm weight, embedding and bias. */
const KINDS = { s: 'nw', e: 'b' };
const digest = (lines) => createHash('sha256').update(lines.toSorted().join('\n')).digest('hex');
const lineOf = (line) => {
  const [name, shape, kind] = line.split('|');
  return `${name}|${shape}|${KINDS[kind] ?? kind}`;
};
const record = ({ tag, shape, mean, std, value, f32_maxabs }) => ({
  ...{ tag, shape, mean, std, noise: f32_maxabs },
  value: value.map((number) => Number(number.toPrecision(7))),
});

/** Keras counts the statistics of its norms as parameters; these are without them. */
const countsOf = ({ default_input: size, trainable, macs }) => ({ size, parameters: trainable, macs });

/** Networks whose weights come under other names than ours: their state dict is kept, name|d0,d1|kind. */
const RENAMED = ['torchvision.convnext_tiny', 'torchvision.mnasnet1_0', 'torchvision.vgg16'];

function write(name, content) {
  writeFileSync(join(target, `${name}.json.gz`), gzipSync(JSON.stringify(content), { level: 9 }));
}

for (const library of ['timm', 'torchvision', 'keras', 'pyramid']) {
  if (!existsSync(join(source, library))) continue;
  for (const file of readdirSync(join(source, library))) {
    const model = basename(file, '.json');
    const name = library === 'timm' || library === 'pyramid' ? model : `${library}.${model}`;
    if (names.length > 0 && !names.includes(model)) continue;
    const golden = JSON.parse(readFileSync(join(source, library, file), 'utf8'));
    if (!golden.state_dict || !golden.cases) continue;
    const isKeras = library === 'keras';
    const cases = golden.cases.map(({ input, input_nhwc: nhwc, logits, features, taps }) => ({
      size: isKeras ? nhwc.slice(1, 3) : input.slice(2),
      logits: record(logits),
      maps: (features ?? taps).map((map, i) => ({
        tap: map.module ?? map.layer ?? golden.features.module[i],
        ...record(map),
      })),
    }));
    write(name, {
      provenance: `${golden.lib}: '${golden.model}' with formula weights version 1 (test/backbones/formula.ts), float64 forward; positions in ${isKeras ? 'NHWC' : 'NCHW'}; digest = sha256 of the sorted lines 'name|d0,d1|kind' of its state dict`,
      ...{ model, library, parameters: golden.params, gain: golden.gain },
      digest: digest(golden.state_dict.map(lineOf)),
      ...(isKeras ? { counts: countsOf(golden) } : {}),
      ...(isKeras || RENAMED.includes(name) ? { stateDict: golden.state_dict.map(lineOf) } : {}),
      cases,
    });
  }
}

const table = join(source, 'table.json');
if (existsSync(table)) writeTable();

function writeTable() {
const rows = JSON.parse(readFileSync(table, 'utf8')).filter(
  ({ lib, channels, model }) => (lib === 'timm' && channels) || model.startsWith('torchvision.'),
);
write('table', {
  provenance:
    'timm 1.0.31 / torchvision 0.29.2, torch 2.15.0: parameters of the network and of its features_only form, batch-norm statistics, channels and reductions of its features, multiply-accumulates of Conv and Linear modules by input size',
  rows: rows.map(({ lib, model, params, features_params, channels, reduction, bn_buffers, macs }) => ({
    ...{ library: lib, model: model.replace('torchvision.', ''), parameters: params, statistics: bn_buffers },
    ...{ featuresParameters: features_params, channels, reduction },
    macs: macs.map(({ input, conv_linear, flopcounter_half }) => ({
      ...{ size: input.slice(2), layers: conv_linear, all: flopcounter_half },
    })),
  })),
});
}
