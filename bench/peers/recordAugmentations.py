"""Records what Pillow, torchvision, timm, TensorFlow's model garden (the ops of google/automl) and batchgeneratorsv2 make of an image.

python -m venv venv && venv/bin/pip install numpy pillow torch==2.15.0 torchvision==0.29.2 tensorflow-cpu==2.21.0 pandas scipy
venv/bin/pip install --no-deps timm==1.0.31 batchgeneratorsv2==0.3.6 tf-models-official
venv/bin/python bench/peers/recordAugmentations.py > test/golden/augmentations/augmentations.json

The image is 20 rows of 26 pixels, value of channel c at x, y: (7x(c + 1) + 11y + 2((xy(c + 3)) mod 29) + 40c) mod 200 + 20.
Of nnU-Net's ops it is (value - 120) / 60. `data` holds all results one after the other, deflated, in base64.
"""
import base64, importlib.util, io, json, math, os, pathlib, random, sys, types, zlib
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy, PIL, torch, torchvision
from PIL import Image
from torchvision.transforms import functional as F

ROWS, COLUMNS = 20, 26
y, x, c = numpy.meshgrid(range(ROWS), range(COLUMNS), range(3), indexing="ij")
pixels = ((7 * x * (c + 1) + 11 * y + 2 * ((x * y * (c + 3)) % 29) + 40 * c) % 200 + 20).astype("u1")
image = Image.fromarray(pixels)
FILL = (128, 128, 128)
site = pathlib.Path(PIL.__file__).parent.parent
found = []

def load(name, path):
    spec = importlib.util.spec_from_file_location(name, site / path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module

def add(source, op, value, result, **more):
    found.append(({"source": source, "op": op, "value": value, **more}, numpy.asarray(result)))

timm = load("auto_augment", "timm/data/auto_augment.py")
kept = {"resample": Image.Resampling.BILINEAR, "fillcolor": FILL}
for name, value, result in [
    ("rotate", 27, timm.rotate(image, 27, **kept)), ("rotate", -90, timm.rotate(image, -90, **kept)),
    ("shearX", 0.3, timm.shear_x(image, 0.3, **kept)), ("shearY", -0.2, timm.shear_y(image, -0.2, **kept)),
    ("translateX", 0.25, timm.translate_x_rel(image, -0.25, **kept)),
    ("translateY", -0.37, timm.translate_y_rel(image, 0.37, **kept)),
    *[(op, factor, getattr(timm, op)(image, factor)) for op in ("brightness", "contrast", "color", "sharpness") for factor in (0.1, 0.7, 1.9)],
    ("autocontrast", 0, timm.auto_contrast(image)), ("equalize", 0, timm.equalize(image)), ("invert", 0, timm.invert(image)),
    *[("posterize", bits, timm.posterize(image, bits)) for bits in (1, 4, 7)],
    *[("solarize", threshold, timm.solarize(image, threshold)) for threshold in (0, 100, 256)],
    ("solarizeAdd", 77, timm.solarize_add(image, 77)),
]: add("timm", name, value, result)
w, h = COLUMNS, ROWS
corners = [[2.3, 1.2], [w - 4.1, 3.4], [w - 1.3, h - 2.2], [3.6, h - 4.7]]
add("torchvision", "perspective", 0, F.perspective(image, [[0, 0], [w, 0], [w, h], [0, h]], corners, Image.Resampling.BILINEAR, list(FILL)), corners=corners)
add("torchvision", "gamma", 0.6, F.adjust_gamma(image, 0.6))
tensor = torch.from_numpy(pixels).permute(2, 0, 1)
for sigma, kernel in ((0.7, 5), (1.5, 9)):
    add("torchvision", "blur", sigma, F.gaussian_blur(tensor, [kernel, kernel], [sigma, sigma]).permute(1, 2, 0))
for op in ("autocontrast", "equalize", "invert"): add("torchvision", op, 0, getattr(F, op)(tensor).permute(1, 2, 0))
add("torchvision", "sharpness", 1.4, F.adjust_sharpness(tensor, 1.4).permute(1, 2, 0))
for quality in (20, 60, 90):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, subsampling="4:2:0")
    add("Pillow", "jpeg", quality, Image.open(io.BytesIO(file.getvalue())).convert("RGB"))

sys.modules["tf_keras"] = types.ModuleType("tf_keras")
for name in ("official", "official.vision", "official.vision.configs", "official.vision.configs.common", "official.vision.ops", "official.vision.ops.box_ops"):
    sys.modules[name] = types.ModuleType(name)
    if "." in name: setattr(sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2], sys.modules[name])
sys.modules["official.vision.configs.common"].SSDRandomCropParam = object
garden = load("garden", "official/vision/ops/augment.py")
import tensorflow as tf
given = tf.constant(pixels)
for name, value, result in [
    *[(op, factor, getattr(garden, op)(given, factor)) for op in ("brightness", "color", "sharpness") for factor in (0.46, 1.72)],
    ("autocontrast", 0, garden.autocontrast(given)), ("equalize", 0, garden.equalize(given)),
    ("posterize", 3, garden.posterize(given, 3)), ("solarize", 179, garden.solarize(given, 179)),
    ("solarizeAdd", 44, garden.solarize_add(given, 44)), ("invert", 0, garden.invert(given)),
]: add("automl", name, value, result)

boxes = [[0.1, 0.2, 0.5, 0.6], [0.0, 0.5, 0.9, 1.0], [0.4, 0.1, 0.7, 0.3]]
def shown(move, *args): return [numpy.asarray(move(tf.constant(box), *args)).tolist() for box in boxes]
moved = [{"op": op, "value": value, "boxes": result} for op, value, result in [
    ("rotate", 20, shown(garden._rotate_bbox, 640.0, 640.0, 20.0)),
    ("shearX", 0.21, shown(garden._shear_bbox, 640.0, 640.0, 0.21, True)),
    ("shearY", -0.3, shown(garden._shear_bbox, 640.0, 640.0, -0.3, False)),
    ("translateX", -100, shown(garden._shift_bbox, 640, 640, 100, True)),
    ("translateY", 100, shown(garden._shift_bbox, 640, 640, -100, False)),
]]

deep = torch.from_numpy(((pixels.astype("f4") - 120) / 60).transpose(2, 0, 1).copy())
transforms = "batchgeneratorsv2/transforms"
for name in ("fft_conv_pytorch", "skimage", "skimage.data"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["fft_conv_pytorch"].fft_conv = sys.modules["skimage.data"].camera = None
base = types.ModuleType("batchgeneratorsv2")
base.__path__ = [str(site / "batchgeneratorsv2")]
sys.modules["batchgeneratorsv2"] = base
from batchgeneratorsv2.transforms.intensity.brightness import MultiplicativeBrightnessTransform
from batchgeneratorsv2.transforms.intensity.contrast import ContrastTransform
from batchgeneratorsv2.transforms.intensity.gamma import GammaTransform
from batchgeneratorsv2.transforms.noise.gaussian_blur import GaussianBlurTransform
from batchgeneratorsv2.transforms.spatial.low_resolution import SimulateLowResolutionTransform
from batchgeneratorsv2.transforms.spatial.spatial import SpatialTransform
spatial = dict(patch_center_dist_from_border=0, random_crop=False, p_elastic_deform=0, p_synchronize_scaling_across_axes=1)
for op, value, transform in [
    ("gain", 0.8, MultiplicativeBrightnessTransform(0.8, False, 1)),
    ("stretch", 1.25, ContrastTransform(1.25, True, False, 1)),
    ("rangeGamma", 0.7, GammaTransform(0.7, 0, False, 1, 1)), ("rangeGammaInverted", 1.5, GammaTransform(1.5, 1, False, 1, 1)),
    ("blur", 0.5, GaussianBlurTransform(0.5, False, False, 1)), ("blur", 1.0, GaussianBlurTransform(1.0, False, False, 1)),
    ("lowResolution", 0.5, SimulateLowResolutionTransform(0.5, False, True, (), None, 1)),
    ("lowResolution", 0.83, SimulateLowResolutionTransform(0.83, False, True, (), None, 1)),
    ("zoom", 1 / 0.7, SpatialTransform((ROWS, COLUMNS), p_rotation=0, p_scaling=1, scaling=0.7, **spatial)),
]:
    result = transform(image=deep.clone())["image"]
    add("batchgeneratorsv2", op, value, result.permute(1, 2, 0))

tables = {
    "autoaugment-original": timm.auto_augment_policy_original, "autoaugment-v0": timm.auto_augment_policy_v0,
}
def entries(policy): return [[[op.name, op.prob, op.magnitude] for op in sub] for sub in policy(timm._HPARAMS_DEFAULT)]
random.random = lambda: 0.0  # never negates
levels = {name: [None if to is None else to(level, timm._HPARAMS_DEFAULT)[0] for level in (0, 3, 7.3, 10)] for name, to in timm.LEVEL_TO_ARG.items()}
detection = {name: [[list(op) for op in sub] for sub in getattr(garden.AutoAugment, f"detection_policy_{name}")()] for name in ("v0",) if hasattr(garden.AutoAugment, f"detection_policy_{name}")}
data = b"".join(numpy.ascontiguousarray(result, "<f4" if result.dtype.kind == "f" else "u1").tobytes() for _, result in found)
json.dump({
    "versions": {"Pillow": PIL.__version__, "torchvision": torchvision.__version__, "timm": "1.0.31", "tensorflow": tf.__version__, "batchgeneratorsv2": "0.3.6"},
    "rows": ROWS, "columns": COLUMNS, "cases": [case for case, _ in found], "data": base64.b64encode(zlib.compress(data, 9)).decode(),
    "boxes": {"side": 640, "given": boxes, "moved": moved}, "policies": {name: entries(policy) for name, policy in tables.items()},
    "detection": detection, "levels": levels,
}, sys.stdout, separators=(",", ":"))
