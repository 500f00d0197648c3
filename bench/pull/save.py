"""One checkpoint as its publisher saves it, with random values: save.py FOLDER FILE LIBRARY ARCH PIXELS. Writes FILE (a state
dict), image.npy (NCHW as NHWC) and answer.npy: the logits, of a detector those of all levels and then its box offsets."""
import sys

import numpy as np
import torch

torch.manual_seed(7)
torch.set_num_threads(1)


def create(library, arch, pixels):
    if library == "torchvision":
        import torchvision

        return getattr(torchvision.models, arch)(weights=None)
    if library == "timm":
        import timm

        return timm.create_model(arch)
    import effdet

    config = effdet.get_efficientdet_config(arch)
    config.image_size = (pixels, pixels)
    return effdet.EfficientDet(config, pretrained_backbone=False)


def randomise(network):
    """Norms that do something, and leave the size of what passes through."""
    norms = {name for name, module in network.named_modules() if getattr(module, "running_mean", None) is not None}
    for key, value in network.state_dict().items():
        owner, _, part = key.rpartition(".")
        if part == "running_var" or (owner in norms and part == "weight"):
            value.uniform_(0.8, 1.2)
        elif value.ndim == 1 and value.is_floating_point():
            value.uniform_(-0.1, 0.1)


def flat(levels):
    """[N, C, H, W] of each level -> all values, levels one after the other, channels last."""
    return np.concatenate([level.permute(0, 2, 3, 1).numpy().ravel() for level in levels])


with torch.no_grad():
    folder, file, library, arch, pixels = sys.argv[1:]
    network = create(library, arch, int(pixels)).eval()
    randomise(network)
    image = torch.randn(1, 3, int(pixels), int(pixels))
    answer = network(image)
    torch.save(network.state_dict(), f"{folder}/{file}")
    np.save(f"{folder}/image.npy", image.permute(0, 2, 3, 1).contiguous().numpy())
    parts = [answer.numpy().ravel()] if torch.is_tensor(answer) else [flat(levels) for levels in answer]
    np.save(f"{folder}/answer.npy", np.concatenate(parts))
