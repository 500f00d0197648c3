"""EfficientDet-Lite0 with random weights for releases.py: effdet's network as a state dict, and the same network in TensorFlow
operations under the names of google/automl (tf2/efficientdet_keras.py), converted by TensorFlow's own TFLite converter.
PyTorch has a process of its own, because the two do not load into one: efficientdet.py STATE.npz [IMAGE.npy ANSWER.npy]."""
import os
import subprocess
import sys
import tempfile

import numpy as np

PIXELS = 256  # of DETECTOR_PIXELS in tools/weights/network.ts
SEED = 7
LEVELS = range(3, 8)
STRIDES = [1, 2, 2, 2, 1, 2, 1]
NODES = [(3, [3, 4]), (2, [2, 5]), (1, [1, 6]), (0, [0, 7]), (1, [1, 7, 8]), (2, [2, 6, 9]), (3, [3, 5, 10]), (4, [4, 11])]


def effdet_network(seed):
    import effdet
    import torch

    torch.manual_seed(seed)
    config = effdet.get_efficientdet_config("tf_efficientdet_lite0")
    config.image_size = (PIXELS, PIXELS)
    network = effdet.EfficientDet(config, pretrained_backbone=False).eval()
    for key, value in network.state_dict().items():
        if key.endswith("running_var") or (".bn" in key and key.endswith("weight")):
            value.uniform_(0.8, 1.2)
        elif value.ndim == 1 and value.dtype == torch.float32:
            value.uniform_(-0.1, 0.1)
    return network


def flat(levels):
    """[N, C, H, W] of each level -> all values, levels one after the other, channels last."""
    return np.concatenate([level.detach().permute(0, 2, 3, 1).numpy().ravel() for level in levels])


def effdet_case(name, path):
    import torch

    network = effdet_network(SEED)
    torch.save({f"model.{key}": value for key, value in network.state_dict().items()}, path)
    return lambda image: answer(network, image)


def answer(network, image):
    import torch

    return np.concatenate([flat(part) for part in network(torch.from_numpy(image))])


def tflite_case(name, path):
    import tensorflow as tf

    folder = tempfile.mkdtemp()
    files = [os.path.join(folder, file) for file in ("state.npz", "image.npy", "answer.npy")]
    subprocess.run([sys.executable, __file__, files[0]], check=True, stdout=subprocess.DEVNULL)
    state = dict(np.load(files[0]))
    function = tf.function(lambda images: detector(state, images)).get_concrete_function(tf.TensorSpec([1, PIXELS, PIXELS, 3]))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    if "int8" in name:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    with open(path, "wb") as file:
        file.write(converter.convert())

    def forward(image):
        np.save(files[1], image)
        subprocess.run([sys.executable, __file__, *files], check=True, stdout=subprocess.DEVNULL)
        return np.load(files[2])

    return forward


def detector(state, x):
    import tensorflow as tf

    def convolved(x, key, name, stride=1):
        with tf.name_scope(name):
            return biased(tf.nn.conv2d(x, state[f"{key}.weight"].transpose(2, 3, 1, 0), stride, "SAME"), key)

    def biased(x, key):
        return tf.nn.bias_add(x, state[f"{key}.bias"]) if f"{key}.bias" in state else x

    def spread(x, key, name, stride=1):
        with tf.name_scope(name):
            return tf.nn.depthwise_conv2d(x, state[f"{key}.weight"].transpose(2, 3, 0, 1), [1, stride, stride, 1], "SAME")

    def separable(x, key, name):
        with tf.name_scope(name), tf.name_scope("separable_conv2d"):
            x = tf.nn.depthwise_conv2d(x, state[f"{key}.conv_dw.weight"].transpose(2, 3, 0, 1), [1] * 4, "SAME", name="depthwise")
            return biased(tf.nn.conv2d(x, state[f"{key}.conv_pw.weight"].transpose(2, 3, 1, 0), 1, "VALID"), f"{key}.conv_pw")

    def normed(x, key, name):
        with tf.name_scope(name):
            parts = [state[f"{key}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
            return tf.compat.v1.nn.fused_batch_norm(x, *parts, epsilon=1e-3, is_training=False)[0]

    def block(x, key, name, stride):
        with tf.name_scope(name):
            if f"{key}.conv_pwl.weight" in state:
                x = tf.nn.relu6(normed(convolved(x, f"{key}.conv_pw", "conv2d"), f"{key}.bn1", "tpu_batch_normalization"))
                x = spread(x, f"{key}.conv_dw", "depthwise_conv2d", stride)
                x = tf.nn.relu6(normed(x, f"{key}.bn2", "tpu_batch_normalization_1"))
                return normed(convolved(x, f"{key}.conv_pwl", "conv2d_1"), f"{key}.bn3", "tpu_batch_normalization_2")
            x = spread(x, f"{key}.conv_dw", "depthwise_conv2d", stride)
            x = tf.nn.relu6(normed(x, f"{key}.bn1", "tpu_batch_normalization"))
            return normed(convolved(x, f"{key}.conv_pw", "conv2d"), f"{key}.bn2", "tpu_batch_normalization_1")

    maps = []
    with tf.name_scope("efficientnet-lite0"):
        with tf.name_scope("stem"):
            x = convolved(x, "backbone.conv_stem", "conv2d", 2)
            x = tf.nn.relu6(normed(x, "backbone.bn1", "tpu_batch_normalization"))
        count = 0
        for stage, stride in enumerate(STRIDES):
            index = 0
            while f"backbone.blocks.{stage}.{index}.conv_dw.weight" in state:
                y = block(x, f"backbone.blocks.{stage}.{index}", f"blocks_{count}", stride if index == 0 else 1)
                x = x + y if index > 0 else y
                index, count = index + 1, count + 1
            if stage in (2, 4, 6):
                maps.append(x)
    with tf.name_scope("resample_p6"):
        x = normed(convolved(x, "fpn.resample.3.conv.conv", "conv2d"), "fpn.resample.3.conv.bn", "bn")
    for _ in range(2):
        x = tf.nn.max_pool2d(x, 3, 2, "SAME")
        maps.append(x)
    for cell in range(3):
        nodes = list(maps)
        for number, (level, inputs) in enumerate(NODES):
            key = f"fpn.cell.{cell}.fnode.{number}"
            with tf.name_scope(f"fpn_cells/cell_{cell}/fnode{number}"):
                height, width = maps[level].shape[1:3]
                terms = []
                for position, offset in enumerate(inputs):
                    term = nodes[offset]
                    if f"{key}.combine.resample.{offset}.conv.conv.weight" in state:
                        with tf.name_scope(f"resample_{position}_{offset}_{5 + number}"):
                            term = convolved(term, f"{key}.combine.resample.{offset}.conv.conv", "conv2d")
                            term = normed(term, f"{key}.combine.resample.{offset}.conv.bn", "bn")
                    if term.shape[1] > height:
                        term = tf.nn.max_pool2d(term, 3, 2, "SAME")
                    elif term.shape[1] < height:
                        term = tf.image.resize(term, [height, width], "nearest")
                    terms.append(term)
                with tf.name_scope(f"op_after_combine{5 + number}"):
                    x = separable(tf.nn.relu6(tf.add_n(terms)), f"{key}.after_combine.conv", "conv")
                    nodes.append(normed(x, f"{key}.after_combine.conv.bn", "bn"))
        maps = [nodes[5 + index] for index in (3, 4, 5, 6, 7)]

    def head(net, short):
        outputs = []
        for level, x in zip(LEVELS, maps):
            with tf.name_scope(net):
                for repeat in range(3):
                    x = separable(x, f"{net}.conv_rep.{repeat}", f"{short}-{repeat}")
                    x = tf.nn.relu6(normed(x, f"{net}.bn_rep.{repeat}.{level - 3}.bn", f"{short}-{repeat}-bn-{level}"))
                outputs.append(separable(x, f"{net}.predict", f"{short}-predict"))
        return outputs

    return head("class_net", "class") + head("box_net", "box")


if __name__ == "__main__":
    whole = effdet_network(SEED)
    np.savez(sys.argv[1], **{key: value.numpy() for key, value in whole.state_dict().items()})
    if len(sys.argv) > 2:
        np.save(sys.argv[3], answer(whole, np.load(sys.argv[2])))
