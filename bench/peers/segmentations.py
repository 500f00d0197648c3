"""Records DICOM-SEG files of highdicom and an RTSTRUCT over a drawn series; or reads a DICOM-SEG of ours with highdicom.

python -m venv venv && venv/bin/pip install pydicom==3.0.2 highdicom==0.28.2 numpy
venv/bin/python bench/peers/segmentations.py | gzip -9n > test/golden/volumes/segmentations.json.gz
venv/bin/python bench/peers/segmentations.py SERIES_FOLDER SEG_FILE     prints segments, geometry, references and voxels of each

The series: 4 slices of 7 columns and 6 rows, 3 mm apart, 0.5 x 0.75 mm, tilted by 30 degrees.
"""
import base64, io, json, pathlib, sys
import highdicom, numpy, pydicom
from highdicom.seg import SegmentDescription, Segmentation, SegmentationTypeValues, segread
from highdicom.sr.coding import CodedConcept
from pydicom.dataset import FileMetaDataset

def slice_of(z):
    data = pydicom.Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.4.{z + 1}"
    data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = "1.2.3", "1.2.3.1", "1.2.3.9"
    for name in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber", "StudyID", "ReferringPhysicianName"): setattr(data, name, "")
    data.Modality, data.InstanceNumber, data.SeriesNumber = "CT", z + 1, 1
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = 6, 7, 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelRepresentation = 15, 0
    cosine, sine = numpy.cos(numpy.pi / 6), numpy.sin(numpy.pi / 6)
    data.ImageOrientationPatient = [1, 0, 0, 0, round(cosine, 8), round(sine, 8)]
    data.ImagePositionPatient = [round(float(v), 8) for v in numpy.array([10, -20, 5]) + 3 * z * numpy.array([0, -sine, cosine])]
    data.PixelSpacing, data.SliceThickness = [0.75, 0.5], 3
    data.PixelData = (numpy.arange(42, dtype="uint16") + 100 * z).tobytes()
    return data

def described(number, label):
    code = CodedConcept("85756007", "SCT", "Tissue")
    return SegmentDescription(segment_number=number, segment_label=label, segmented_property_category=code, segmented_property_type=code, algorithm_type="MANUAL")

def written(data):
    out = io.BytesIO()
    data.save_as(out, enforce_file_format=True)
    return base64.b64encode(out.getvalue()).decode()

def segmentation(series, labels, kind, names):
    numbers = sorted(names)
    pixels = labels if kind == "LABELMAP" else numpy.stack([labels == n for n in numbers], -1).astype("uint8" if kind == "BINARY" else "float32")
    return Segmentation(source_images=series, pixel_array=pixels, segmentation_type=SegmentationTypeValues[kind],
        segment_descriptions=[described(n, names[n]) for n in numbers], series_instance_uid="1.2.3.2", series_number=2,
        sop_instance_uid="1.2.3.5", instance_number=1, manufacturer="none", manufacturer_model_name="none", software_versions="0", device_serial_number="0")

def structures(series, contours, names):
    data = pydicom.Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = "1.2.3.6"
    data.Modality, data.StudyInstanceUID, data.SeriesInstanceUID = "RTSTRUCT", "1.2.3", "1.2.3.3"
    data.StructureSetROISequence, data.ROIContourSequence = [], []
    for number, name in names.items():
        roi = pydicom.Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, "1.2.3.9"
        data.StructureSetROISequence.append(roi)
        drawn = pydicom.Dataset()
        drawn.ReferencedROINumber, drawn.ContourSequence = number, []
        for z, corners in contours[number]:
            origin = numpy.array(series[z].ImagePositionPatient, "f8")
            right, down = numpy.array(series[z].ImageOrientationPatient, "f8").reshape(2, 3)
            points = [origin + 0.5 * column * right + 0.75 * row * down for column, row in corners]
            contour = pydicom.Dataset()
            contour.ContourGeometricType, contour.NumberOfContourPoints = "CLOSED_PLANAR", len(points)
            contour.ContourData = [f"{v:.6f}" for point in points for v in point]
            drawn.ContourSequence.append(contour)
        data.ROIContourSequence.append(drawn)
    return data

def inside(contours):
    """A voxel's centre within an odd number of polygons, by the winding of angles, which is another way than ours."""
    labels = numpy.zeros((4, 6, 7), bool)
    for z, corners in contours:
        corners = numpy.array(corners, "f8")
        for row in range(6):
            for column in range(7):
                rays = corners - [column, row]
                angles = numpy.arctan2(rays[:, 1], rays[:, 0])
                turns = numpy.diff(numpy.append(angles, angles[0]))
                turned = ((turns + numpy.pi) % (2 * numpy.pi) - numpy.pi).sum()
                labels[z, row, column] ^= abs(turned) > numpy.pi
    return labels

def read(folder, file):
    files = [pydicom.dcmread(path) for path in sorted(pathlib.Path(folder).iterdir())]
    seg = segread(file)
    uids = [image.SOPInstanceUID for image in files]
    pixels = seg.get_pixels_by_source_instance(uids, assert_missing_frames_are_empty=True, skip_overlap_checks=True)
    volume = seg.get_volume()
    print(json.dumps({"segments": [seg.get_segment_description(n).segment_label for n in seg.segment_numbers],
        "spacing": [float(v) for v in volume.spacing], "references": len(seg.get_source_image_uids()),
        "voxels": pixels.sum((0, 1, 2)).astype(int).tolist(), "study": seg.StudyInstanceUID, "frame": seg.FrameOfReferenceUID}))

if len(sys.argv) == 3: read(*sys.argv[1:]); sys.exit()
series = [slice_of(z) for z in range(4)]
labels = numpy.zeros((4, 6, 7), "uint8")
labels[1:3, 1:4, 2:6], labels[2, 2, 3], labels[3, 0, 0] = 1, 2, 2
names = {1: "liver", 2: "cyst"}
square, hole = [(0.6, 0.6), (5.4, 0.6), (5.4, 4.4), (0.6, 4.4)], [(2.5, 1.5), (3.5, 1.5), (3.5, 2.5), (2.5, 2.5)]
triangle = [(1.2, 0.8), (5.7, 1.1), (2.4, 4.9)]
contours = {3: [(1, square), (1, hole), (2, triangle)], 8: [(1, [(1.5, 1.5), (2.5, 1.5), (2.5, 3.5), (1.5, 3.5)])]}
drawn = numpy.zeros((4, 6, 7), "uint8")
for number in (3, 8): drawn[inside(contours[number])] = number
files = {kind: {"file": written(segmentation(series, labels, kind, names)), "values": labels.reshape(-1).tolist(), "names": names} for kind in ("BINARY", "FRACTIONAL", "LABELMAP")}
files["RTSTRUCT"] = {"file": written(structures(series, contours, {3: "body", 8: "organ"})), "values": drawn.reshape(-1).tolist(), "names": {3: "body", 8: "organ"}}
json.dump({"highdicom": highdicom.__version__, "pydicom": pydicom.__version__, "series": [written(image) for image in series], "files": files}, sys.stdout, separators=(",", ":"))
