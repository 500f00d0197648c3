"""Records small drawn DICOM files in every packing, and what pydicom reads of them.

python -m venv venv && venv/bin/pip install pydicom==3.0.2 numpy imagecodecs==2026.3.6 pylibjpeg==2.1.0 \
  pylibjpeg-openjpeg==2.6.0 pylibjpeg-libjpeg==2.5.0 pyjpegls==1.5.1
venv/bin/python bench/peers/packed.py | gzip -9n > test/golden/volumes/packed.json.gz

Files are drawn here and packed by imagecodecs; values are [frames, height, width, samples] before the modality's rescale.
"""
import base64, io, json, sys
import imagecodecs, numpy, pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate

WIDTH, HEIGHT = 24, 18
y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
waves = numpy.sin(x / 3.0) * numpy.cos(y / 4.0) * 0.5 + 0.5
def grey(bits, signed=False, dtype="uint16"):
    values = numpy.round(waves * (2 ** bits - 1)).astype("int64")
    if signed: values -= 2 ** (bits - 1)
    return values.astype(dtype)
rgb = numpy.stack([grey(8, dtype="uint8"), grey(8, dtype="uint8")[::-1], grey(8, dtype="uint8")[:, ::-1]], -1)
rgb = numpy.ascontiguousarray(rgb)

def wrap(frames, syntax, *, allocated, stored, signed=False, samples=1, photometric="MONOCHROME2"):
    data = pydicom.Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = HEIGHT, WIDTH, samples, photometric
    data.BitsAllocated, data.BitsStored, data.HighBit = allocated, stored, stored - 1
    data.PixelRepresentation = int(signed)
    if samples > 1: data.PlanarConfiguration = 0
    if len(frames) > 1: data.NumberOfFrames = len(frames)
    data.PixelData = encapsulate(frames)
    data["PixelData"].is_undefined_length = True
    out = io.BytesIO()
    data.save_as(out, enforce_file_format=True)
    return out.getvalue()

j2k = lambda values, **more: imagecodecs.jpeg2k_encode(values, codecformat="j2k", **more)
ls = imagecodecs.jpegls_encode
lossless = lambda values, bits, **more: imagecodecs.jpeg8_encode(values, lossless=True, bitspersample=bits, **more)
J2K, J2K_LOSSY, LS, LS_NEAR = (f"1.2.840.10008.1.2.4.{n}" for n in (90, 91, 80, 81))
SV1, PROCESS14, EXTENDED, BASELINE, HT, HT_LOSSY = (f"1.2.840.10008.1.2.4.{n}" for n in (70, 57, 51, 50, 201, 203))
eight, twelve, sixteen = grey(8, dtype="uint8"), grey(12), grey(16)
signed = grey(13, signed=True, dtype="int16")
cases = {
    "JPEG 2000, 8 bits": wrap([j2k(eight)], J2K, allocated=8, stored=8),
    "JPEG 2000, 12 bits": wrap([j2k(twelve, bitspersample=12)], J2K, allocated=16, stored=12),
    "JPEG 2000, 16 bits": wrap([j2k(sixteen)], J2K, allocated=16, stored=16),
    "JPEG 2000, signed": wrap([j2k(signed)], J2K, allocated=16, stored=16, signed=True),
    "JPEG 2000, unsigned stream of signed values": wrap([j2k(signed.view("uint16") & 0x1FFF, bitspersample=13)], J2K, allocated=16, stored=13, signed=True),
    "JPEG 2000, 8 bits in 16": wrap([j2k(eight)], J2K, allocated=16, stored=8),
    "JPEG 2000, colours": wrap([j2k(rgb)], J2K, allocated=8, stored=8, samples=3, photometric="YBR_RCT"),
    "JPEG 2000, with loss": wrap([j2k(twelve, level=50, reversible=False)], J2K_LOSSY, allocated=16, stored=16),
    "JPEG 2000, a file with boxes": wrap([imagecodecs.jpeg2k_encode(eight, codecformat="jp2")], J2K, allocated=8, stored=8),
    "HTJ2K": wrap([imagecodecs.htj2k_encode(twelve)], HT, allocated=16, stored=16),
    "JPEG-LS, 8 bits, 2 frames": wrap([ls(eight), ls(eight[::-1].copy())], LS, allocated=8, stored=8),
    "JPEG-LS, 16 bits": wrap([ls(sixteen)], LS, allocated=16, stored=16),
    "JPEG-LS, colours": wrap([ls(rgb)], LS, allocated=8, stored=8, samples=3, photometric="RGB"),
    "JPEG-LS, nearly lossless": wrap([ls(eight, level=3)], LS_NEAR, allocated=8, stored=8),
    "JPEG lossless, 8 bits": wrap([lossless(eight, 8, predictor=1)], SV1, allocated=8, stored=8),
    "JPEG lossless, 12 bits": wrap([lossless(twelve, 12, predictor=1)], SV1, allocated=16, stored=12),
    "JPEG lossless, 16 bits, predictor 4": wrap([lossless(sixteen, 16, predictor=4)], PROCESS14, allocated=16, stored=16),
    "JPEG lossless, colours": wrap([lossless(rgb, 8, predictor=6, colorspace="RGB", outcolorspace="RGB")], PROCESS14, allocated=8, stored=8, samples=3, photometric="RGB"),
    "JPEG, grey": wrap([imagecodecs.jpeg8_encode(eight, level=95)], BASELINE, allocated=8, stored=8),
    "JPEG extended, 8 bits": wrap([imagecodecs.jpeg8_encode(eight, level=95)], EXTENDED, allocated=8, stored=8),
    "JPEG extended, 12 bits": wrap([imagecodecs.jpeg8_encode(twelve, level=95, bitspersample=12)], EXTENDED, allocated=16, stored=12),
}
found = {}
for name, file in cases.items():
    data = pydicom.dcmread(io.BytesIO(file))
    pixels = data.pixel_array
    shape = [int(data.get("NumberOfFrames", 1)), HEIGHT, WIDTH, int(data.SamplesPerPixel)]
    found[name] = {"file": base64.b64encode(file).decode(), "shape": shape, "dtype": str(pixels.dtype), "values": pixels.reshape(-1).tolist()}
json.dump({"pydicom": pydicom.__version__, "imagecodecs": imagecodecs.__version__, "files": found}, sys.stdout, separators=(",", ":"))
