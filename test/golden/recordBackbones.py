"""Reference figures of networks, in the form that recordBackbones.mjs reads.

    python recordBackbones.py OUT timm:densenet121 torchvision:squeezenet1_1=features.1,features.4,...

Every network gets formula weights (test/backbones/formula.ts), runs in float64 on formula images, and the maps of
all levels of its feature pyramid are sampled: timm names them itself. A gain may follow: timm:densenet121@1.35. Then:

    node recordBackbones.mjs OUT
"""
import json
import math
import os
import sys

import numpy as np
import timm
import torch
import torchvision

SIZES = {'default': [(128, 128), (96, 160), (97, 129)], 'small': [(64, 96), (97, 129)]}


def fnv1a(name):
    h = 0x811C9DC5
    for byte in name.encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    return h


def integers(name, count):
    """Hashes of the positions 0 to count - 1, uint32."""
    x = np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B9) & np.uint64(0xFFFFFFFF)
    x ^= np.uint64(fnv1a(name))
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        x ^= x >> np.uint64(shift)
        x = x * np.uint64(factor) & np.uint64(0xFFFFFFFF)
    return x ^ (x >> np.uint64(16))


def unit(name, count):
    return integers(name, count) / 4294967296.0


def kind_of(name, tensor, names):
    if name.endswith('running_mean'):
        return 'rm'
    if name.endswith('running_var'):
        return 'rv'
    is_norm = name.rsplit('.', 1)[0] + '.running_mean' in names
    if name.endswith('.weight'):
        return 'nw' if is_norm else 'k'
    if name.endswith('.bias'):
        return 'nb' if is_norm else 'b'
    raise ValueError(f'{name}: no rule')


def formula(name, shape, kind, gain):
    u = unit(name, math.prod(shape))
    values = {
        'k': lambda: (2 * u - 1) * (math.sqrt(3 / math.prod(shape[1:])) * gain),
        'nw': lambda: 0.9 + 0.2 * u,
        'nb': lambda: (2 * u - 1) * 0.1,
        'rm': lambda: (2 * u - 1) * 0.1,
        'rv': lambda: 0.8 + 0.4 * u,
        'b': lambda: (2 * u - 1) * 0.05,
    }[kind]()
    return torch.from_numpy(values.astype(np.float32).reshape(tuple(shape)))


def image(size, name='input'):
    values = (2 * unit(name, 3 * size[0] * size[1]) - 1).astype(np.float32)
    return torch.from_numpy(values.reshape(1, 3, *size))


def fill(network, kinds, gain):
    state = {name: formula(name, tensor.shape, kinds[name], gain) for name, tensor in tensors(network).items()}
    network.load_state_dict(state, strict=False)


def tensors(network):
    return {name: t for name, t in network.state_dict().items() if not name.endswith('num_batches_tracked')}


def record(tag, wide, narrow, samples):
    values = wide.flatten().numpy()
    index = (integers(f'idx:{tag}', samples) % np.uint64(values.size)).astype(int)
    return {
        'tag': tag, 'shape': list(wide.shape), 'mean': float(values.mean()), 'std': float(values.std()),
        'value': [float(f'{v:.9g}') for v in values[index]],
        'f32_maxabs': float((narrow.double() - wide).abs().max()),
    }


def run(network, taps, x):
    """Logits, and the outputs of the modules named."""
    maps, hooks = {}, []
    for name in taps:
        # a copy: the module behind may work in place
        keep = lambda _, __, output, name=name: maps.__setitem__(name, output.detach().clone())
        hooks.append(network.get_submodule(name).register_forward_hook(keep))
    with torch.no_grad():
        logits = network(x)
    for hook in hooks:
        hook.remove()
    return logits, [maps[name] for name in taps]


def choose_gain(network, kinds):
    """The gain whose logits are neither all alike nor far from a spread of 1, and still depend on the image."""
    best = None
    for gain in (0.7, 0.85, 0.95, 1.02, 1.07, 1.15, 1.2, 1.27, 1.33, 1.45, 1.6):
        fill(network, kinds, gain)
        with torch.no_grad():
            a, b = (network.double()(image((96, 96), name).double()) for name in ('input', 'input2'))
        spread, change = float(a.std()), float((a - b).std() / a.std())
        score = abs(math.log(max(spread, 1e-9))) + (0 if change > 1e-2 else 10 + abs(math.log(max(change, 1e-30))))
        if math.isfinite(score) and (best is None or score < best[0]):
            best = (score, gain)
    return best[1]


def record_network(library, model, taps, gain):
    if library == 'timm':
        network = timm.create_model(model)
        taps = taps or [info['module'] for info in network.feature_info]
        version = f'timm {timm.__version__} torch {torch.__version__}'
    else:
        network = torchvision.models.get_model(model, weights=None)
        version = f'torchvision {torchvision.__version__} torch {torch.__version__}'
    if hasattr(network, 'aux_logits'):  # not part of the networks compared
        network.aux_logits, network.aux1, network.aux2 = False, None, None
    network.eval()
    names = tensors(network)
    kinds = {name: kind_of(name, tensor, names) for name, tensor in names.items()}
    gain = gain or choose_gain(network, kinds)
    cases = []
    for size in SIZES['small' if sum(t.numel() for t in names.values()) > 1e8 else 'default']:
        runs = []
        for dtype in (torch.float64, torch.float32):
            fill(network.to(dtype), kinds, gain)
            runs.append(run(network, taps, image(size).to(dtype)))
        (logits, maps), (logits32, maps32) = runs
        label = f'{size[0]}x{size[1]}'
        cases.append({
            'input': [1, 3, *size],
            'logits': record(f'logits{label}', logits, logits32, 24),
            'taps': [
                {'module': tap, **record(f'{tap}_{label}', wide, narrow, 24)}
                for tap, wide, narrow in zip(taps, maps, maps32)
            ],
        })
    return {
        'model': model, 'lib': version, 'gain': gain, 'cases': cases,
        'params': sum(p.numel() for p in network.parameters()),
        'state_dict': [f'{n}|{",".join(map(str, t.shape))}|{kinds[n]}' for n, t in names.items()],
    }


def main():
    out, *requests = sys.argv[1:]
    os.makedirs(f'{out}/pyramid', exist_ok=True)
    for request in requests:
        model, _, taps = request.partition('=')
        library, model = model.split(':')
        model, _, gain = model.partition('@')
        golden = record_network(library, model, taps.split(',') if taps else None, float(gain) if gain else None)
        with open(f'{out}/pyramid/{model}.json', 'w') as file:
            json.dump(golden, file)
        first = golden['cases'][0]
        print(model, golden['params'], golden['gain'], first['logits']['std'], [tap['std'] for tap in first['taps']])


if __name__ == '__main__':
    main()
