"""Figures of segmentation_models_pytorch with formula weights, as test/golden/decoders has them, for further options.

  python record.py OUT      one JSON file per row, read by run.mjs; those that are there already are kept
"""
import json
import sys
from pathlib import Path

import numpy as np
import segmentation_models_pytorch as smp
import timm
import torch

GAIN = {"resnet18": 0.97, "efficientnet-b0": 1.55, "efficientnet-b1": 1.45}
FIVE = {"unet": "Unet", "unetplusplus": "UnetPlusPlus", "manet": "MAnet", "linknet": "Linknet"}
OTHERS = {"fpn": "FPN", "deeplabv3": "DeepLabV3", "deeplabv3plus": "DeepLabV3Plus", "pspnet": "PSPNet",
          "pan": "PAN", "upernet": "UPerNet", "segformer-mlp": "Segformer"}
CLASSES = {**FIVE, **OTHERS}
STRIDES = {"deeplabv3": 8, "deeplabv3plus": 16, "pan": 16}
INSTANCE = {"type": "instancenorm", "affine": True, "eps": 1e-3}

# name, decoder, encoder, options of smp, settings here, output stride, depth, options of the head here
ROWS = [
    *[(f"{kind}-{encoder}", kind, encoder, {}, {}, STRIDES.get(kind, 32), 3 if kind == "pspnet" else 5, {})
      for kind, encoder in [*((kind, "resnet18") for kind in CLASSES), ("unetplusplus", "efficientnet-b0"),
                            *((kind, "efficientnet-b1") for kind in ("unet", "deeplabv3", "deeplabv3plus", "pan"))]],
    *[(f"unet-{mode}", "unet", "resnet18", {"decoder_interpolation": mode}, {"interpolation": mode}, 32, 5, {})
      for mode in ("bilinear", "bicubic", "area", "nearest-exact")],
    ("unet-depth4", "unet", "resnet18", {"encoder_depth": 4, "decoder_channels": (64, 48, 32, 16)},
     {"depth": 4, "channels": [64, 48, 32, 16]}, 32, 4, {}),
    ("unet-depth3", "unet", "resnet18", {"encoder_depth": 3, "decoder_channels": (64, 48, 32)},
     {"depth": 3, "channels": [64, 48, 32]}, 32, 3, {}),
    ("unet-identity", "unet", "resnet18", {"decoder_use_norm": False}, {"norm": False}, 32, 5, {}),
    ("unet-instance", "unet", "resnet18", {"decoder_use_norm": INSTANCE}, {"norm": INSTANCE}, 32, 5, {}),
    ("unet-scse-aux", "unet", "resnet18", {"decoder_attention_type": "scse", "aux_params": {"classes": 4, "pooling": "max"}},
     {"attention": "scse"}, 32, 5, {"auxiliary": {"classes": 4, "pooling": "max"}}),
    ("unet-one", "unet", "resnet18", {"classes": 1, "aux_params": {"classes": 2}}, {}, 32, 5, {"classes": 1, "auxiliary": {"classes": 2}}),
    ("unetplusplus-scse", "unetplusplus", "resnet18", {"decoder_attention_type": "scse"}, {"attention": "scse"}, 32, 5, {}),
    ("unetplusplus-depth4", "unetplusplus", "resnet18", {"encoder_depth": 4, "decoder_channels": (64, 48, 32, 16)},
     {"depth": 4, "channels": [64, 48, 32, 16]}, 32, 4, {}),
    ("manet-pab", "manet", "resnet18", {"decoder_pab_channels": 32, "decoder_interpolation": "bilinear"},
     {"pabChannels": 32, "interpolation": "bilinear"}, 32, 5, {}),
    ("linknet-depth4", "linknet", "resnet18", {"encoder_depth": 4}, {"depth": 4}, 32, 4, {}),
    ("fpn-cat", "fpn", "resnet18", {"decoder_merge_policy": "cat", "decoder_interpolation": "bilinear"},
     {"merge": "cat", "interpolation": "bilinear"}, 32, 5, {}),
    ("fpn-depth4", "fpn", "resnet18", {"encoder_depth": 4, "upsampling": 2}, {"depth": 4}, 32, 4, {}),
    ("deeplabv3-16", "deeplabv3", "resnet18", {"encoder_output_stride": 16}, {}, 16, 5, {}),
    ("deeplabv3-separable", "deeplabv3", "resnet18", {"decoder_aspp_separable": True, "decoder_atrous_rates": (2, 4, 6)},
     {"separable": True, "rates": [2, 4, 6]}, 8, 5, {}),
    ("deeplabv3plus-8", "deeplabv3plus", "resnet18", {"encoder_output_stride": 8, "decoder_aspp_separable": False},
     {"separable": False}, 8, 5, {}),
    ("deeplabv3plus-8-b0", "deeplabv3plus", "efficientnet-b0", {"encoder_output_stride": 8}, {}, 8, 5, {}),
    ("pspnet-depth4", "pspnet", "resnet18", {"encoder_depth": 4, "upsampling": 16, "decoder_use_norm": False},
     {"depth": 4, "norm": False}, 32, 4, {}),
    ("pan-32", "pan", "resnet18", {"encoder_output_stride": 32}, {}, 32, 5, {}),
    ("pan-nearest", "pan", "resnet18", {"decoder_interpolation": "nearest"}, {"interpolation": "nearest"}, 16, 5, {}),
    ("pan-depth4", "pan", "resnet18", {"encoder_depth": 4}, {"depth": 4}, 16, 4, {}),
    ("upernet-identity", "upernet", "resnet18", {"decoder_use_norm": False}, {"norm": False}, 32, 5, {}),
    ("upernet-depth4", "upernet", "resnet18", {"encoder_depth": 4}, {"depth": 4}, 32, 4, {}),
    ("segformer-depth4", "segformer-mlp", "resnet18", {"encoder_depth": 4}, {"depth": 4}, 32, 4, {}),
    ("upernet-factor", "upernet", "resnet18", {"upsampling": 2}, {}, 32, 5, {"upsampling": 2}),
]
SIZE = (128, 192)
LARGE = {"pan-32": (256, 320)}  # its three poolings need eight cells


def hashes(name, count):
    h = 0x811C9DC5
    for byte in name.encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    i = np.arange(count, dtype=np.uint64)
    x = np.uint64(h) ^ (i * np.uint64(0x9E3779B9) & np.uint64(0xFFFFFFFF))
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        x = ((x ^ (x >> np.uint64(shift))) * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    return x ^ (x >> np.uint64(16))


def kind_of(name, tensor, norms):
    if name.endswith("running_mean"):
        return "rm"
    if name.endswith("running_var"):
        return "rv"
    if tensor.dim() > 1:
        return "k"
    if name.rsplit(".", 1)[0] in norms:
        return "nw" if name.endswith("weight") else "nb"
    return "b"


def value(name, tensor, kind, gain):
    u = hashes(name, tensor.numel()).astype(np.float64) / 2**32
    fan = tensor.numel() / tensor.shape[0]
    values = {"k": lambda: (2 * u - 1) * (np.sqrt(3 / fan) * gain), "nw": lambda: 0.9 + 0.2 * u, "rv": lambda: 0.8 + 0.4 * u,
              "nb": lambda: (2 * u - 1) * 0.1, "rm": lambda: (2 * u - 1) * 0.1, "b": lambda: (2 * u - 1) * 0.05}[kind]()
    return torch.from_numpy(values.astype(np.float32)).reshape(tensor.shape)


def record(tag, wide, narrow):
    flat = wide.flatten()
    at = (hashes(f"idx:{tag}", 40) % np.uint64(flat.numel())).astype(np.int64)
    return {"tag": tag, "shape": list(wide.shape), "mean": flat.mean().item(), "std": flat.std(unbiased=False).item(),
            "noise": (narrow.double() - wide).abs().max().item(), "value": flat[torch.from_numpy(at)].tolist()}


def main(target):
    target.mkdir(parents=True, exist_ok=True)
    versions = f"segmentation_models_pytorch {smp.__version__} timm {timm.__version__} torch {torch.__version__}"
    for name, kind, encoder, options, settings, stride, depth, head in ROWS:
        if (target / f"{name}.json").exists():
            continue
        arguments = {"classes": 5, **options}
        model = getattr(smp, CLASSES[kind])(encoder, encoder_weights=None, **arguments).eval()
        norms = {path for path, module in model.named_modules()
                 if isinstance(module, (torch.nn.BatchNorm2d, torch.nn.GroupNorm, torch.nn.LayerNorm, torch.nn.InstanceNorm2d))}
        lines, state = [], {}
        for key, tensor in model.state_dict().items():
            if key.endswith("num_batches_tracked"):
                continue
            own = kind_of(key, tensor, norms)
            lines.append(f"{key}|{','.join(map(str, tensor.shape))}|{own}")
            state[key] = value(key, tensor, own, GAIN[encoder])
        model.load_state_dict(state, strict=False)
        size = LARGE.get(name, SIZE)
        image = torch.from_numpy((2 * (hashes("input", 3 * size[0] * size[1]).astype(np.float64) / 2**32) - 1).astype(np.float32))
        image = image.reshape(1, 3, *size)
        with torch.no_grad():
            narrow = model(image)
            wide = model.double()(image.double())
        pairs = list(zip(wide, narrow)) if isinstance(wide, tuple) else [(wide, narrow)]
        outputs = [record(part, *pair) for part, pair in zip(("logits", "image"), pairs)]
        row = {"name": name, "versions": versions, "kind": kind, "encoder": encoder, "settings": settings, "outputStride": stride,
               "depth": depth, "head": {"classes": arguments["classes"], **head}, "gain": GAIN[encoder], "size": size,
               "stateDict": lines, "outputs": outputs}
        (target / f"{name}.json").write_text(json.dumps(row))
        print(name, [f"{output['std']:.3g}" for output in outputs], flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
