"""One network per line of standard input, as JSON: {"name", "sizes", "folder", "pickle", "double"}. Writes its randomly
initialised state dict, images, features and logits, the last two computed in float64 where `double` says so; answers one
line of JSON."""
import json
import sys

import timm
import torch
import torchvision
from safetensors.torch import save_file

torch.set_num_threads(1)  # threads that spin lose on busy cores


def initialise(model, seed, height, width):
    """Norms get the statistics of a batch and small scales, smaller the more there are: deep networks blow up rounding else."""
    generator = torch.Generator().manual_seed(seed)
    norms = [module for module in model.modules() if getattr(module, "running_mean", None) is not None]
    scale = min(1, (100 / len(norms)) ** 0.5) if norms else 1
    for norm in norms:
        norm.momentum = 1.0
        if norm.weight is not None:
            norm.weight.copy_(scale * (torch.rand(norm.weight.shape, generator=generator) * 0.2 + 0.3))
            norm.bias.copy_(torch.randn(norm.bias.shape, generator=generator) * 0.1)
    if norms:
        model.train()(torch.randn(4, 3, height, width, generator=generator))
        model.eval()


def options(name):
    """Of timm: images of any size for vision transformers."""
    return {"dynamic_img_size": True, "dynamic_img_pad": True} if name.startswith("vit_") else {}


def made(name):
    if timm.is_model(name):
        return timm.create_model(name, **options(name)).eval(), "timm"
    if hasattr(torchvision.models, name):
        initialised = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
        return getattr(torchvision.models, name)(weights=None, **initialised).eval(), "torchvision"
    return None, None


def features(name, state, image):
    """Maps by reduction, the deepest of each; none where timm gives none."""
    try:
        pyramid = timm.create_model(name, features_only=True, **options(name)).eval()
    except Exception:
        return {}
    own = pyramid.state_dict()
    sources = {key: matching(key, state) for key in own}
    if any(source is None or state[source].shape != own[key].shape for key, source in sources.items()):
        return {}
    pyramid.load_state_dict({key: state[source] for key, source in sources.items()})
    return dict(zip(pyramid.feature_info.reduction(), pyramid.to(image.dtype)(image)))


def matching(key, state):
    """features_only may name stages_0, or model.stages.0, what the whole network names stages.0."""
    for candidate in (key, key.removeprefix("model."), key.replace("_", ".", 1)):
        if candidate in state:
            return candidate
    return None


@torch.no_grad()
def save(name, sizes, folder, pickle, double):
    torch.manual_seed(1)
    model, library = made(name)
    if model is None:
        return {"skipped": "neither timm nor torchvision has it"}
    initialise(model, 2, *sizes[0])
    state = {key: value.clone() for key, value in model.state_dict().items()} if double else model.state_dict()
    path = f"{folder}/{name}.{'pth' if pickle else 'safetensors'}"
    if pickle:
        torch.save(state, path)
    else:
        save_file({key: value.contiguous() for key, value in state.items()}, path)
    dtype = torch.float64 if double else torch.float32
    model.to(dtype)
    tensors = {}
    for index, (height, width) in enumerate(sizes):
        image = torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(index))
        tensors[f"{index}.image"] = image.permute(0, 2, 3, 1).contiguous()
        answers = {"logits": model(image.to(dtype))}
        if library == "timm":
            answers |= {str(stride): one for stride, one in features(name, state, image.to(dtype)).items()}
        for key, value in answers.items():
            tensors[f"{index}.{key}"] = (value.permute(0, 2, 3, 1) if value.ndim == 4 else value).float().contiguous()
    save_file(tensors, f"{folder}/{name}.answers.safetensors")
    return {"library": library, "path": path}


for line in sys.stdin:
    try:
        answer = save(**json.loads(line))
    except Exception as error:
        answer = {"failed": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
