"""Names and shapes of the weights of torchvision, Keras and EfficientNet-PyTorch, and of the timm networks they are for:
names.py FILE (test/golden/weights/names.json.gz). Needs bench/weights/requirements.txt."""
import gzip
import json
import os
import subprocess
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
TORCHVISION = [
    ("efficientnet_b0", "efficientnet_b0"),
    ("efficientnet_v2_s", "tf_efficientnetv2_s"),
    ("mobilenet_v2", "mobilenetv2_100"),
    ("mobilenet_v3_large", "mobilenetv3_large_100"),
    ("mobilenet_v3_small", "mobilenetv3_small_100"),
    ("vgg16", "vgg16"),
    ("vgg16_bn", "vgg16_bn"),
    ("resnet50", "resnet50"),
    ("densenet121", "densenet121"),
    ("convnext_tiny", "convnext_tiny"),
    ("regnet_y_400mf", "regnety_004"),
    ("inception_v3", "inception_v3"),
]
KERAS = [
    ("EfficientNetB0", "tf_efficientnet_b0"),
    ("EfficientNetB4", "tf_efficientnet_b4"),
    ("EfficientNetV2B0", "tf_efficientnetv2_b0"),
    ("EfficientNetV2S", "tf_efficientnetv2_s"),
    ("MobileNetV2", "mobilenetv2_100"),
    ("MobileNetV3Large", "mobilenetv3_large_100"),
    ("MobileNetV3Small", "mobilenetv3_small_100"),
    ("VGG16", "vgg16"),
    ("Xception", "legacy_xception"),
    ("DenseNet121", "densenet121"),
]


def shapes(tensors):
    return [f"{name}|{','.join(map(str, shape))}" for name, shape in tensors]


def pytorch():
    import timm
    import torch
    import torchvision

    files = {}
    for name, _ in TORCHVISION:
        options = {"aux_logits": True, "init_weights": False} if name == "inception_v3" else {}
        state = getattr(torchvision.models, name)(weights=None, **options).state_dict()
        files[f"torchvision {name}"] = shapes((key, value.shape) for key, value in state.items())
    networks = {}
    for arch in sorted({arch for _, arch in TORCHVISION + KERAS}):
        model = timm.create_model(arch, **({"aux_logits": True} if arch == "inception_v3" else {}))
        layouts = {}
        for path, module in model.named_modules():
            if isinstance(module, torch.nn.Conv2d):
                layouts[f"{path}.weight"] = "d" if module.groups == module.in_channels and module.groups > 1 else "c"
            if isinstance(module, torch.nn.Linear):
                layouts[f"{path}.weight"] = "l"
        networks[arch] = [
            f"{line}|{layouts.get(line.split('|')[0], 'p')}"
            for line in shapes((key, value.shape) for key, value in model.state_dict().items())
            if "num_batches" not in line
        ]
    return files, networks, {"timm": timm.__version__, "torchvision": torchvision.__version__}


if len(sys.argv) > 2:
    print(json.dumps(pytorch()))
    sys.exit()
child = subprocess.run([sys.executable, __file__, "-", "torch"], check=True, stdout=subprocess.PIPE, text=True)
files, networks, versions = json.loads(child.stdout.strip().splitlines()[-1])
import keras

for name, _ in KERAS:
    keras.backend.clear_session()
    model = getattr(keras.applications, name)(weights=None)
    files[f"Keras {name}"] = shapes(("/".join(weight.path.split("/")[-2:]), weight.shape) for weight in model.weights)
pairs = [[f"torchvision {name}", arch] for name, arch in TORCHVISION] + [[f"Keras {name}", arch] for name, arch in KERAS]
content = {
    "provenance": "bench/weights/names.py: name|shape of files; name|shape|layout (convolution, depthwise, linear, plain) of networks",
    "versions": {**versions, "keras": keras.__version__},
    "pairs": pairs,
    "files": files,
    "networks": networks,
}
with open(sys.argv[1], "wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as file:
    file.write(json.dumps(content).encode())
