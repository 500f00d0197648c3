"""The same answers from converted weights: networks of torchvision and Keras with random weights are saved by their library,
converted by `espalier weights convert`, and the logits that our engine wrote beside them (of the formula's picture) are compared
with those of the library: releases.py [NAME...]. Needs bench/weights/requirements.txt and a built tree."""
import json
import os
import struct
import subprocess
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import efficientdet
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = ["node", os.path.join(HERE, "../../bin/espalier.js")]
# library, its network, ours, ending, settings that its release has otherwise than ours
CASES = [
    ("torchvision", "efficientnet_b0", "efficientnet_b0", ".pth"),
    ("torchvision", "resnet50", "resnet50", ".pth"),
    ("torchvision", "mobilenet_v2", "mobilenetv2_100", ".pth"),
    ("torchvision", "mobilenet_v3_large", "mobilenetv3_large_100", ".pth"),
    ("torchvision", "vgg16", "vgg16", ".pth"),
    ("torchvision", "densenet121", "densenet121", ".pth"),
    ("torchvision", "convnext_tiny", "convnext_tiny", ".pth"),
    ("torchvision", "regnet_y_400mf", "regnety_004", ".pth"),
    ("keras", "EfficientNetB0", "tf_efficientnet_b0", ".keras"),
    ("keras", "EfficientNetB0", "tf_efficientnet_b0", ".h5"),
    ("keras", "EfficientNetB0", "tf_efficientnet_b0", ".weights.h5"),
    ("keras", "EfficientNetV2B0", "tf_efficientnetv2_b0", ".keras"),
    ("keras", "Xception", "keras_xception", ".keras"),
    ("keras", "DenseNet121", "densenet121", ".keras"),
    ("tflite", "EfficientNetLite0", "tf_efficientnet_lite0", ".tflite"),
    ("tflite", "EfficientNetLite0 int8 weights", "tf_efficientnet_lite0", ".tflite"),
    *(
        (exporter, name, name, ".onnx")
        for name in ("tf_efficientnet_lite0", "resnet18", "mobilenetv3_small_100", "densenet121", "regnety_004")
        for exporter in ("torch.onnx, dynamo=False", "torch.onnx, dynamo=True")
    ),
    ("effdet", "tf_efficientdet_lite0", "efficientdet-lite0", ".pth"),
    ("tflite", "EfficientDetLite0", "efficientdet-lite0", ".tflite"),
    ("tflite", "EfficientDetLite0 int8 weights", "efficientdet-lite0", ".tflite"),
]
# Keras scales pictures of 0..255 inside of these.
INSIDE = {"EfficientNetB0": lambda image: (image + 1) * 127.5, "EfficientNetV2B0": lambda image: (image + 1) * 127.5}
LOGITS = "logits"
SEED = 7


def fnv1a(text):
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def picture(pixels):
    """[1, 3, pixels, pixels], the formula of backbones/formula.ts."""
    mask = np.uint64(0xFFFFFFFF)
    x = np.uint64(fnv1a("input")) ^ ((np.arange(3 * pixels * pixels, dtype=np.uint64) * np.uint64(0x9E3779B9)) & mask)
    x = ((x ^ (x >> np.uint64(16))) * np.uint64(0x85EBCA6B)) & mask
    x = ((x ^ (x >> np.uint64(13))) * np.uint64(0xC2B2AE35)) & mask
    unit = ((x ^ (x >> np.uint64(16))) & mask) / 2**32
    return (2 * unit - 1).astype("float32").reshape(1, 3, pixels, pixels)


def torch_case(name, path):
    import torch
    import torchvision

    torch.manual_seed(SEED)
    network = getattr(torchvision.models, name)(weights=None).eval()
    for key, value in network.state_dict().items():
        if key.endswith("running_var"):
            value.uniform_(0.8, 1.2)
        elif value.ndim == 1 and value.dtype == torch.float32 and not key.endswith("weight"):
            value.uniform_(-0.1, 0.1)
    torch.save(network.state_dict(), path)

    def forward(image):
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d) and name.startswith("mobilenet_v3"):
                module.eps = 1e-5  # timm's mobilenetv3_large_100; torchvision trains with 1e-3
        with torch.no_grad():
            return network(torch.from_numpy(image))[0].numpy()

    return forward


def onnx_case(dynamo):
    """timm's network as torch.onnx exports it: batch norms folded into convolutions."""

    def case(name, path):
        import timm
        import torch

        torch.manual_seed(SEED)
        network = timm.create_model(name).eval()
        for key, value in network.state_dict().items():
            if key.endswith("running_var"):
                value.uniform_(0.8, 1.2)
            elif value.ndim == 1 and value.dtype == torch.float32:
                value.add_(torch.empty_like(value).uniform_(-0.1, 0.1))
        torch.onnx.export(network, (torch.zeros(1, 3, 96, 96),), path, dynamo=dynamo, external_data=False)

        def forward(image):
            with torch.no_grad():
                return network(torch.from_numpy(image))[0].numpy()

        return forward

    return case


def shake(network, rng):
    for weight in network.weights:
        if "gamma" in weight.path or "moving_variance" in weight.path:
            weight.assign(rng.uniform(0.8, 1.2, weight.shape))
        elif "beta" in weight.path or "moving_mean" in weight.path or "bias" in weight.path:
            weight.assign(rng.uniform(-0.1, 0.1, weight.shape))


def keras_case(name, path):
    import keras

    keras.utils.set_random_seed(SEED)
    network = getattr(keras.applications, name)(weights=None, classifier_activation=None)
    if name == "EfficientNetB0":
        for layer in network.layers:
            if isinstance(layer, keras.layers.Rescaling):
                layer.scale, layer.offset = 1 / 127.5, -1  # so that the picture goes in as it is
    shake(network, np.random.default_rng(SEED))
    network.save_weights(path) if "weights" in path else network.save(path)
    return lambda image: run_keras(network, name, image)


def run_keras(network, name, image):
    import keras

    inputs = np.transpose(image, (0, 2, 3, 1))
    if name == "EfficientNetV2B0":  # its normalisation has fixed numbers: the picture goes in behind it
        normalised = next(layer for layer in network.layers if isinstance(layer, keras.layers.Normalization))
        inputs = inputs * np.sqrt(np.asarray(normalised.variance)) + np.asarray(normalised.mean)
        inputs = inputs * 255
    elif name == "EfficientNetB0":
        inputs = INSIDE[name](inputs)
    free = keras.layers.Input(inputs.shape[1:])
    if network.input_shape[1] != inputs.shape[1]:
        network = resized(network, free)
    return np.asarray(network(inputs))[0]


def resized(network, free):
    """The same layers on pictures of another size."""
    import keras

    config = network.get_config()
    config["layers"][0]["config"]["batch_shape"] = (None, *free.shape[1:])
    copy = keras.Model.from_config(config)
    copy.set_weights(network.get_weights())
    return copy


def lite_network():
    """EfficientNet-Lite0 in Keras layers: Tan and Le 2019, without squeeze-excite, ReLU6, fixed stem and head."""
    import keras

    layers = keras.layers
    stages = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)]
    norm = lambda x: layers.BatchNormalization(epsilon=1e-3)(x)
    activated = lambda x: layers.ReLU(6.0)(norm(x))
    inputs = x = layers.Input((96, 96, 3))
    x = activated(layers.Conv2D(32, 3, 2, "same", use_bias=False)(x))
    for repeats, kernel, stride, expand, channels in stages:
        for index in range(repeats):
            start = x
            if expand > 1:
                x = activated(layers.Conv2D(x.shape[-1] * expand, 1, use_bias=False)(x))
            x = activated(layers.DepthwiseConv2D(kernel, stride if index == 0 else 1, "same", use_bias=False)(x))
            x = norm(layers.Conv2D(channels, 1, use_bias=False)(x))
            if index > 0:
                x = layers.Add()([x, start])
    x = activated(layers.Conv2D(1280, 1, use_bias=False)(x))
    return keras.Model(inputs, layers.Dense(1000)(layers.GlobalAveragePooling2D()(x)))


def tflite_case(name, path):
    if "Det" in name:
        return efficientdet.tflite_case(name, path)
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(SEED)
    network = lite_network()
    shake(network, np.random.default_rng(SEED))
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    if "int8" in name:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    data = converter.convert()
    with open(path, "wb") as file:
        file.write(data)
    return lambda image: np.asarray(network(np.transpose(image, (0, 2, 3, 1))))[0]


def metadata(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(length))["__metadata__"]


LIBRARIES = {
    "torchvision": torch_case,
    "keras": keras_case,
    "tflite": tflite_case,
    "effdet": efficientdet.effdet_case,
    "torch.onnx, dynamo=False": onnx_case(False),
    "torch.onnx, dynamo=True": onnx_case(True),
}


def check(library, name, arch, ending):
    with tempfile.TemporaryDirectory() as folder:
        path, to = os.path.join(folder, "theirs" + ending), os.path.join(folder, "ours.safetensors")
        forward = LIBRARIES[library](name, path)
        run = subprocess.run([*PROGRAM, "weights", "convert", path, "--arch", arch, "--to", to], capture_output=True, text=True)
        if run.returncode != 0:
            return run.stderr.strip().splitlines()[-1]
        golden = json.loads(metadata(to)["golden"])
        logits = forward(picture(golden["pixels"]))
        difference = max(abs(logits[at] - value) for at, value in zip(golden["index"], golden["value"]))
        return f"{difference / logits.std():.1e}"


if len(sys.argv) > 1 and sys.argv[1] == "--case":
    print(check(*CASES[int(sys.argv[2])]))
    sys.exit()
wanted = sys.argv[1:]
print("| library | network | file | as | difference / spread of the logits |\n| --- | --- | --- | --- | --- |")
for index, (library, name, arch, ending) in enumerate(CASES):
    if wanted and name not in wanted:
        continue
    child = subprocess.run([sys.executable, __file__, "--case", str(index)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = (child.stdout if child.returncode == 0 else child.stderr).strip().splitlines()
    print(f"| {library} | {name} | {ending} | {arch} | {lines[-1] if lines else '?'} |", flush=True)
