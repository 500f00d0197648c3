"""Records what pydicom and nibabel read of medical files, as compact figures.

python -m venv venv && venv/bin/pip install pydicom==3.0.2 nibabel==5.4.2 numpy pillow
venv/bin/python bench/peers/pixels.py DATA > test/golden/volumes/pixels.json

DATA holds dicom/ and nifti/. Values are [depth, height, width, channels]: as stored (nibabel: dataobj with slope), and along
right, anterior, superior (nibabel: as_closest_canonical); of DICOM after the modality's rescale. The digest is the SHA-256 of
the values as little-endian float32.
"""
import hashlib, json, pathlib, sys
import nibabel, numpy, pydicom
from pydicom.pixels import apply_rescale

def figures(values, affine=None, spacing=None):
    values = numpy.asarray(values)
    flat = values.reshape(-1)
    picked = [int(i) for i in numpy.linspace(0, flat.size - 1, 5)]
    return {
        "shape": list(values.shape), "dtype": str(values.dtype), "sum": float(flat.astype("f8").sum()),
        "min": float(flat.min()), "max": float(flat.max()),
        "voxels": [[i, float(flat[i])] for i in picked],
        "sha256": hashlib.sha256(numpy.ascontiguousarray(values, dtype="<f4").tobytes()).hexdigest(),
        **({} if affine is None else {"affine": [float(v) for v in affine[:3].reshape(-1)]}),
        **({} if spacing is None else {"spacing": [float(v) for v in spacing]}),
    }

def zyxc(array):
    array = numpy.asarray(array)
    while array.ndim < 3: array = array[..., None]
    if array.ndim == 3: array = array[..., None]
    return array.transpose(2, 1, 0, 3)

def nifti(path):
    image = nibabel.load(path)
    canonical = nibabel.as_closest_canonical(image)
    return {"stored": figures(zyxc(image.dataobj), image.affine, image.header.get_zooms()[:3]),
            "ras": figures(zyxc(canonical.dataobj), canonical.affine)}

def dicom(path):
    dataset = pydicom.dcmread(path)
    try:
        pixels = dataset.pixel_array
    except Exception as error:
        return {"fails": type(error).__name__}
    if dataset.SamplesPerPixel == 1: pixels = apply_rescale(pixels, dataset)[..., None]
    if pixels.ndim == 3: pixels = pixels[None]
    return {"syntax": str(dataset.file_meta.TransferSyntaxUID), "stored": figures(pixels)}

root = pathlib.Path(sys.argv[1])
found = {}
for path in sorted(root.glob("nifti/**/*.nii*")): found[str(path.relative_to(root))] = nifti(path)
for path in sorted(root.glob("dicom/*.dcm")): found[str(path.relative_to(root))] = dicom(path)
json.dump({"pydicom": pydicom.__version__, "nibabel": nibabel.__version__, "files": found}, sys.stdout, separators=(",", ":"))
