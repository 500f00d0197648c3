"""
Makes test/golden/backbones/<file>.json.gz of networks of timm with options: other output strides and image sizes, and
transformers, whose maps no module gives. Formula weights version 1 (test/backbones/formula.ts), float64 forward.

  python test/golden/recordTimm.py                   everything below
  python test/golden/recordTimm.py legacy_xception   one

Needs timm 1.0.31 and torch 2.15.0 (bench/peers/requirements.txt).
"""

import gzip
import hashlib
import json
import sys
from pathlib import Path

import timm
import torch
from recordBackbones import formula, image
from recordBackbones import record as sampled

SAMPLES = 24
COMMON = [(96, 96), (64, 128), (97, 129)]
# file: (model, its options, gain of the formula weights, sizes)
RECORDINGS = {
    'legacy_xception': ('legacy_xception', {}, 1.05, COMMON),
    'xception41.stride8': ('xception41', {'output_stride': 8}, 1.15, [(97, 129)]),
    'resnet50.stride8': ('resnet50', {'output_stride': 8}, 1.02, [(97, 129)]),
    'resnet34.stride16': ('resnet34', {'output_stride': 16}, 0.85, [(97, 129)]),
    'regnety_004.stride8': ('regnety_004', {'output_stride': 8}, 1.27, [(97, 129)]),
    'convnext_tiny': ('convnext_tiny', {}, 0.95, COMMON),
    'convnext_tiny.stride8': ('convnext_tiny', {'output_stride': 8}, 0.95, [(97, 129)]),
    'mobilevit_s.stride8': ('mobilevit_s', {'output_stride': 8}, 1.35, [(97, 129)]),
    'vit_tiny_patch16_224.sizes': (
        'vit_tiny_patch16_224',
        {'dynamic_img_size': True, 'dynamic_img_pad': True},
        1.02,
        [(96, 160), (97, 129), (288, 256)],
    ),
}
TARGET = Path(__file__).parent / 'backbones'


def kinds_of(model):
    """Parameter and buffer name -> kind, 'num_batches_tracked' and index buffers left out."""
    norms = {name for name, module in model.named_modules() if 'Norm' in type(module).__name__}
    kinds = {}
    for name, value in model.state_dict().items():
        owner, _, part = name.rpartition('.')
        if not value.is_floating_point():
            continue
        if part == 'running_mean':
            kinds[name] = 'rm'
        elif part == 'running_var':
            kinds[name] = 'rv'
        elif owner in norms:
            kinds[name] = 'nw' if part == 'weight' else 'nb'
        elif part == 'weight' and value.dim() >= 2:
            kinds[name] = 'k'
        elif part in ('gamma', 'layer_scale'):
            kinds[name] = 'nw'
        else:
            kinds[name] = 'b'
    return kinds


def run(model, images):
    """The logits, and the maps of the feature pyramid in NCHW."""
    maps = {}
    taps = [info['module'] for info in model.feature_info]
    if isinstance(model, timm.models.VisionTransformer):
        last = [int(tap.rpartition('.')[2]) for tap in taps[-3:]]
        with torch.no_grad():
            found = model.forward_intermediates(images, indices=last, intermediates_only=True)
            return model(images), dict(zip(taps[-3:], found, strict=True))
    modules = dict(model.named_modules())
    handles = [
        modules[tap].register_forward_hook(lambda _, __, output, tap=tap: maps.__setitem__(tap, output.clone()))
        for tap in taps
    ]
    with torch.no_grad():
        logits = model(images)
    for handle in handles:
        handle.remove()
    return logits, maps


def record(tag, exact, rounded):
    """As recordBackbones.mjs keeps it: positions follow from the tag."""
    entry = sampled(tag, exact, rounded, SAMPLES)
    figures = {name: float(f'{entry[name]:.9g}') for name in ('mean', 'std')}
    noise = float(f'{entry["f32_maxabs"]:.3g}')
    value = [float(f'{number:.7g}') for number in entry['value']]
    return {'tag': tag, 'shape': entry['shape'], **figures, 'noise': noise, 'value': value}


def record_model(file, model_name, options, gain, sizes):
    model = timm.create_model(model_name, pretrained=False, **options).eval()
    kinds = kinds_of(model)
    state = model.state_dict()
    lines = []
    for name, kind in kinds.items():
        shape = list(state[name].shape)
        state[name].copy_(formula(name, shape, kind, gain))
        lines.append(f'{name}|{",".join(map(str, shape))}|{kind}')
    exact = timm.create_model(model_name, pretrained=False, **options).eval().double()
    exact.load_state_dict(state)
    cases = []
    for height, width in sizes:
        logits, maps = run(exact, image((height, width)).double())
        rounded, rounded_maps = run(model, image((height, width)))
        size = f'{height}x{width}'
        cases.append({
            'size': [height, width],
            'logits': record(f'logits{size}', logits, rounded),
            'maps': [
                {'tap': tap, **record(f'f{i}_{size}', map_, rounded_maps[tap])}
                for i, (tap, map_) in enumerate(maps.items())
            ],
        })
        print(file, size, [(map_['shape'], map_['std']) for map_ in cases[-1]['maps']], cases[-1]['logits']['std'])
    content = {
        'provenance': f"timm {timm.__version__} torch {torch.__version__}: '{model_name}' {json.dumps(options)} with formula weights"
        ' version 1 (test/backbones/formula.ts), float64 forward; positions in NCHW; made by test/golden/recordTimm.py;'
        " digest = sha256 of the sorted lines 'name|d0,d1|kind' of its state dict",
        **{'model': model_name, 'library': 'timm', 'gain': gain},
        'parameters': sum(parameter.numel() for parameter in model.parameters()),
        'digest': hashlib.sha256('\n'.join(sorted(lines)).encode()).hexdigest(),
        'cases': cases,
    }
    with gzip.GzipFile(TARGET / f'{file}.json.gz', 'wb', 9, mtime=0) as output:
        output.write(json.dumps(content, separators=(',', ':')).encode())


for file, recording in RECORDINGS.items():
    if len(sys.argv) == 1 or file in sys.argv[1:]:
        record_model(file, *recording)
