"""Small files of weights in every format, by the libraries that own the formats, and what those libraries read in them:
seeds.py FOLDER (test/golden/weights). Needs bench/weights/requirements.txt. PyTorch runs in a process of its own:
its LLVM and TensorFlow's do not live together."""
import argparse
import gzip
import json
import os
import platform
import subprocess
import sys
from collections import OrderedDict

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
written = {}


def values(index, shape):
    """Multiples of 1/8 in [-4, 4): exact in every float type."""
    count = int(np.prod(shape))
    return (((np.arange(count) * 7 + index * 31) % 64 - 32) / 8).reshape(shape).astype("float32")


def describe(array):
    array = np.asarray(array)
    flat = array.astype("float64").ravel()
    weights = np.arange(1, flat.size + 1)
    return [list(array.shape), round(float(flat.sum()), 6), round(float((flat * weights).sum()), 6)]


def note(name, tensors):
    path = os.path.join(folder, name)
    data = open(path, "rb").read()
    with open(path + ".gz", "wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as file:
        file.write(data)
    os.remove(path)
    written[name] = {"bytes": len(data), "tensors": {key: describe(value) for key, value in tensors.items()}}


def plain(tensors):
    return {key: value.detach().double().numpy() for key, value in tensors.items()}


def pytorch():
    import torch
    from safetensors.torch import save_file

    base = torch.from_numpy(values(0, (3, 2, 3, 3)))
    state = OrderedDict(
        {
            "conv.weight": base,
            "conv.turned": base.permute(2, 3, 1, 0),
            "conv.row": base[1],
            "half": base[0].half(),
            "brain": base[1].bfloat16(),
            "double": base[2].double(),
            "long": torch.arange(-2, 5),
            "int": torch.arange(5, dtype=torch.int32),
            "short": torch.arange(-3, 2, dtype=torch.int16),
            "char": torch.arange(-3, 2, dtype=torch.int8),
            "byte": torch.arange(250, 255, dtype=torch.uint8),
            "bool": torch.tensor([True, False, True]),
            "scalar": torch.tensor(3.5),
            "parameter": torch.nn.Parameter(base[0].clone()),
            "word": torch.from_numpy(np.arange(3, dtype="uint16")),
        }
    )
    for name, zipped in (("plain.pth", True), ("legacy.pth", False)):
        torch.save(state, f"{folder}/{name}", _use_new_zipfile_serialization=zipped)
        note(name, plain(state))
    average = OrderedDict((f"module.{key}", value + 1) for key, value in state.items() if value.dtype == torch.float32)
    checkpoint = {
        "epoch": 3,
        "args": argparse.Namespace(lr=0.1),
        "metric": np.float64(0.5),
        "state_dict": OrderedDict((f"module.{key}", value) for key, value in state.items()),
        "state_dict_ema": average,
        "optimizer": torch.optim.AdamW([torch.nn.Parameter(base.clone())]).state_dict(),
    }
    torch.save(checkpoint, f"{folder}/checkpoint.pth")
    note("checkpoint.pth", plain(average))
    save_file({key: value.detach().clone().contiguous() for key, value in state.items()}, f"{folder}/plain.safetensors", {"licence": "MIT"})
    note("plain.safetensors", plain(state))
    return {"torch": torch.__version__}


def others():
    import h5py
    import keras
    import onnx
    import tensorflow as tf

    # NumPy
    arrays = {"a": values(1, (2, 3, 4)), "fortran": np.asfortranarray(values(2, (3, 4))), "big": values(3, (5,)).astype(">f4"),
              "half": values(4, (6,)).astype("f2"), "whole": np.arange(-2, 3), "scalar": np.float32(2.5)}
    np.savez(f"{folder}/stored.npz", **arrays)
    note("stored.npz", arrays)
    np.savez_compressed(f"{folder}/packed.npz", **arrays, zeros=np.zeros(3000, "f4"))
    note("packed.npz", {**arrays, "zeros": np.zeros(3000)})
    np.save(f"{folder}/one.npy", arrays["a"])
    note("one.npy", {"array": arrays["a"]})

    # Keras
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 2)),
            layers.Conv2D(4, 3, name="first_conv"),
            layers.BatchNormalization(name="first_bn"),
            layers.ReLU(6.0),
            layers.DepthwiseConv2D(3, name="second_dw", use_bias=False),
            layers.BatchNormalization(name="second_bn", scale=False),
            layers.SeparableConv2D(5, 1, name="third_sep"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, name="fc"),
        ],
        name="small",
    )
    for index, weight in enumerate(model.weights):
        weight.assign(np.abs(values(index, weight.shape)) + 0.5 if "variance" in weight.path else values(index, weight.shape))
    named = {"/".join(weight.path.split("/")[-2:]): np.asarray(weight) for weight in model.weights}
    for name in ("model.keras", "model.h5", "model.weights.h5"):
        model.save_weights(f"{folder}/{name}") if "weights" in name else model.save(f"{folder}/{name}")
        note(name, named)
    with h5py.File(f"{folder}/packed.h5", "w") as file:
        file.create_dataset("gzip", data=values(5, (20, 7)), chunks=(8, 3), compression="gzip", shuffle=True, fletcher32=True)
        file.create_dataset("chunked", data=values(6, (5, 4, 3)), chunks=(2, 3, 2))
        file.create_dataset("big", data=values(7, (5,)).astype(">f8"))
        file.create_dataset("half", data=values(8, (5,)).astype("f2"))
        file.create_dataset("compact/bytes", data=np.arange(-3, 3, dtype="i1"))
        note_of = {key: np.asarray(file[key]) for key in ("gzip", "chunked", "big", "half", "compact/bytes")}
    note("packed.h5", note_of)
    with h5py.File(f"{folder}/new.h5", "w", libver=("v108", "v108")) as file:
        for index in range(4):
            file.create_dataset(f"group/{index}", data=values(index, (2, 3)))
        note_of = {f"group/{index}": values(index, (2, 3)) for index in range(4)}
    note("new.h5", note_of)

    # TFLite
    converter = tf.lite.TFLiteConverter.from_keras_model(model)


    def constants(path):
        """Constants by name, dequantised as the specification says."""
        interpreter = tf.lite.Interpreter(path, experimental_preserve_all_tensors=True)
        result = {}
        for detail in interpreter.get_tensor_details():
            try:
                array = interpreter.get_tensor(detail["index"])
            except ValueError:
                continue
            parameters = detail["quantization_parameters"]
            scales, zeros = parameters["scales"], parameters["zero_points"]
            if len(scales):
                shape = [1] * array.ndim
                if len(scales) > 1:
                    shape[parameters["quantized_dimension"]] = len(scales)
                array = (array.astype("float64") - zeros.reshape(shape)) * scales.astype("float64").reshape(shape)
            result[detail["name"]] = array
        return result


    for name in ("float.tflite", "int8.tflite"):
        if name == "int8.tflite":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ([values(index, (1, 8, 8, 2))] for index in range(4))
        with open(f"{folder}/{name}", "wb") as file:
            file.write(converter.convert())
        note(name, constants(f"{folder}/{name}"))

    # ONNX
    make = onnx.helper.make_tensor
    initialisers = [
        onnx.numpy_helper.from_array(values(1, (2, 3, 4)), "raw"),
        make("floats", 1, [2, 3], values(2, (6,)).tolist()),
        make("longs", 7, [3], [1, -2, 3]),
        make("halves", 10, [2], [1.5, -2]),
        make("doubles", 11, [2], [1.5, -2]),
        make("bytes", 2, [2], [1, 255]),
        make("chars", 3, [2], [-1, 127]),
    ]
    graph = onnx.helper.make_graph([], "small", [], [], initializer=initialisers)
    model_proto = onnx.helper.make_model(graph, producer_name="seeds")
    onnx.helper.set_model_props(model_proto, {"licence": "MIT"})
    onnx.save(model_proto, f"{folder}/model.onnx")
    note("model.onnx", {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in initialisers})
    return {library.__name__: library.__version__ for library in (np, keras, tf, h5py, onnx)}


if len(sys.argv) > 2:
    print(json.dumps([pytorch(), written]))
    sys.exit()
child = subprocess.run([sys.executable, __file__, folder, "torch"], check=True, stdout=subprocess.PIPE, text=True)
torch_version, torch_files = json.loads(child.stdout.strip().splitlines()[-1])
versions = {**torch_version, **others()}
with open(f"{folder}/files.json", "w") as file:
    json.dump({"command": "bench/weights/seeds.py", "python": platform.python_version(), "versions": versions,
               "each tensor": "shape, sum of the values, sum of position (from 1) times value",
               "files": {**torch_files, **written}}, file)
