import { greyPng, vocXml } from '../folder.js';

/** An image of 40 x 20 pixels; each has another brightness. */
export const image = (value = 9): Uint8Array => greyPng(40, 20, value);
/** Boxes and polygons 4 2 20 10, one an image. */
export const coco = (names: readonly string[]) =>
  JSON.stringify({
    images: names.map((file_name, id) => ({ id, file_name })),
    annotations: names.map((_, id) => ({
      id,
      image_id: id,
      category_id: 1,
      bbox: [4, 2, 16, 8],
      segmentation: [[4, 2, 20, 2, 20, 10, 4, 10]],
    })),
    categories: [{ id: 1, name: 'cell' }],
  });
const labelme = (imagePath: string) =>
  JSON.stringify({
    imagePath,
    imageWidth: 40,
    imageHeight: 20,
    shapes: [
      {
        label: 'cell',
        shape_type: 'rectangle',
        points: [
          [20, 10],
          [4, 2],
        ],
      },
      {
        label: 'cell',
        shape_type: 'line',
        points: [
          [1, 1],
          [2, 2],
        ],
      },
    ],
  });
/** Four corners, as newer versions write rectangles. */
const anylabeling = JSON.stringify({
  version: '0.4',
  imagePath: 'a.png',
  imageWidth: 40,
  imageHeight: 20,
  shapes: [
    {
      label: 'cell',
      shape_type: 'rectangle',
      points: [
        [4, 2],
        [20, 2],
        [20, 10],
        [4, 10],
      ],
    },
  ],
});
const cvat = `<?xml version="1.0"?><annotations><version>1.1</version><meta><task><labels><label><name>cell</name></label></labels></task></meta>
<image id="0" name="a.png" width="40" height="20"><box label="cell" xtl="4" ytl="2" xbr="20" ybr="10"/><points label="cell" points="1,1"/></image></annotations>`;
/** Two frames: a box in the first, three pixels of a brush in the second. */
export const video = `<?xml version="1.0"?><annotations><version>1.1</version><meta><task><labels><label><name>cell</name></label></labels><original_size><width>40</width><height>20</height></original_size></task></meta>
<track id="0" label="cell"><box frame="0" outside="0" keyframe="1" xtl="4" ytl="2" xbr="20" ybr="10"/><box frame="1" outside="1" xtl="4" ytl="2" xbr="20" ybr="10"/></track>
<track id="1" label="cell"><mask frame="1" outside="0" rle="0,3,1" left="5" top="6" width="2" height="2"/></track></annotations>`;
const viaCsv = `filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes
a.png,1,"{}",1,0,"{""name"":""rect"",""x"":4,""y"":2,""width"":16,""height"":8}","{""type"":""cell""}"
b.png,1,"{}",0,0,"{}","{}"
`;
const via = JSON.stringify({
  'a.png1': {
    filename: 'a.png',
    regions: [
      { shape_attributes: { name: 'rect', x: 4, y: 2, width: 16, height: 8 }, region_attributes: { type: 'cell' } },
    ],
  },
});
const via3 = JSON.stringify({
  project: { pid: '__VIA_PROJECT_ID__', vid_list: ['1'] },
  attribute: { 1: { aname: 'type', type: 4, options: { 0: 'cell' } } },
  file: { 1: { fid: '1', fname: 'a.png', type: 2 } },
  view: { 1: { fid_list: ['1'] } },
  metadata: { '1_a': { vid: '1', xy: [2, 4, 2, 16, 8], av: { 1: '0' } } },
});
const datumaro = JSON.stringify({
  categories: { label: { labels: [{ name: 'cell', parent: '' }] } },
  items: [
    {
      id: 'a',
      annotations: [
        { type: 'bbox', label_id: 0, bbox: [4, 2, 16, 8] },
        { type: 'points', label_id: 0, points: [1, 1] },
      ],
      image: { path: 'a.png', size: [20, 40] },
    },
  ],
});
const createml = JSON.stringify([
  { image: 'a.png', annotations: [{ label: 'cell', coordinates: { x: 12, y: 6, width: 16, height: 8 } }] },
]);
const supervisely = JSON.stringify({
  size: { height: 20, width: 40 },
  tags: [],
  objects: [
    {
      classTitle: 'cell',
      geometryType: 'rectangle',
      points: {
        exterior: [
          [4, 2],
          [19, 9],
        ],
        interior: [],
      },
    },
  ],
});
const labelStudio = (isMinimal: boolean) => {
  const value = { x: 10, y: 10, width: 40, height: 40, rotation: 0, rectanglelabels: ['cell'] };
  const sides = { original_width: 40, original_height: 20 };
  const image = '/data/upload/1/0a1b2c3d-a%20b.png';
  return JSON.stringify([
    isMinimal
      ? { image, label: [{ ...value, ...sides }], id: 1 }
      : { id: 1, data: { image }, annotations: [{ lead_time: 3, result: [{ value, ...sides }] }] },
  ]);
};
const machine = '/m/01cell';
const openImages = `ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsGroupOf\na,x,${machine},1,0.1,0.5,0.1,0.5,0\n`;
const imagefolder = JSON.stringify({
  file_name: 'a.png',
  objects: { bbox: [[4, 2, 16, 8]], categories: ['cell'] },
});
/** Columns 4 to 19, rows 2 to 9, counted from 1 column by column. */
const runs = Array.from({ length: 16 }, (_, i) => `${(4 + i) * 20 + 3} 8`).join(' ');
const webLabelme = `<annotation><filename>a.png</filename><object><name>cell</name><polygon><username>x</username><pt><x>4</x><y>2</y></pt><pt><x>20</x><y>2</y></pt><pt><x>20</x><y>10</y></pt></polygon></object></annotation>`;

/** 255 from a corner to column 20 and row 10. */
export const square = (x: number, y: number): Uint8Array => {
  const data = Array<number>(800).fill(0);
  for (let row = y; row < 10; row++) data.fill(255, row * 40 + x, row * 40 + 20);
  return greyPng(40, 20, data);
};

/** What tools write, with the kind it is recognised as; the first object is the box 4 2 20 10 of class cell. */
export const LAYOUTS: readonly (readonly [
  name: string,
  kind: string,
  files: { readonly [path: string]: string | Uint8Array },
])[] = [
  ['COCO of Roboflow', 'coco', { 'train/a.png': image(), 'train/_annotations.coco.json': coco(['a.png']) }],
  [
    'COCO with folders',
    'coco',
    { 'train2017/a.png': image(), 'annotations/instances_train2017.json': coco(['a.png']) },
  ],
  ['VOC of Roboflow', 'voc', { 'train/a.png': image(), 'train/a.xml': vocXml([40, 20], [['cell', 5, 3, 20, 10]]) }],
  ['VOC of labelImg', 'voc', { 'a b.png': image(), 'a b.xml': vocXml([40, 20], [['cell', 5, 3, 20, 10]]) }],
  [
    'VOC of Label Studio',
    'voc',
    { 'images/a.png': image(), 'Annotations/a.xml': vocXml([40, 20], [['cell', 5, 3, 20, 10]]) },
  ],
  [
    'YOLO with data.yaml',
    'yolo',
    {
      'data.yaml': 'train: ../train/images\nval: ../valid/images\nnames: [cell]\n',
      'train/images/a.png': image(),
      'train/labels/a.txt': '0 0.3 0.3 0.4 0.4\n',
    },
  ],
  [
    'YOLO polygons',
    'yolo',
    { 'images/a.png': image(), 'labels/a.txt': '0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n', 'classes.txt': 'cell\n' },
  ],
  [
    'YOLO poses',
    'yolo',
    {
      'data.yaml': 'names: [cell]\nkpt_shape: [2, 2]\n',
      'images/a.png': image(),
      'labels/a.txt': '0 0.3 0.3 0.4 0.4 0.9 0.9 0.1 0.95\n',
    },
  ],
  [
    'YOLO with commas, and labels in a folder of another name',
    'yolo',
    { 'photos/a.png': image(), 'boxes/a.txt': '0.0,0.3,0.3,0.4,0.4\r\n', 'classes.txt': 'cell\n' },
  ],
  ['VOC of the web LabelMe', 'voc', { 'Images/a.png': image(), 'Annotations/a.xml': webLabelme }],
  [
    'KITTI',
    'kitti',
    {
      'training/image_2/000000.png': image(),
      'training/label_2/000000.txt':
        'cell 0.00 0 -1.5 4.0 2.0 20.0 10.0 1.6 1.7 3.6 -0.6 1.7 46.7 -1.6\nDontCare -1 -1 -10 1 1 5 5 -1 -1 -1 -1000 -1000 -1000 -10\n',
    },
  ],
  [
    'Supervisely',
    'supervisely',
    { 'meta.json': '{"classes":[]}', 'ds0/img/a.png': image(), 'ds0/ann/a.png.json': supervisely },
  ],
  ['Datumaro', 'datumaro', { 'images/train/a.png': image(), 'annotations/train.json': datumaro }],
  ['Create ML', 'createml', { 'train/a.png': image(), 'train/_annotations.createml.json': createml }],
  ['Label Studio JSON', 'label-studio', { 'images/a b.png': image(), 'p.json': labelStudio(false) }],
  ['Label Studio JSON-MIN', 'label-studio', { 'images/0a1b2c3d-a b.png': image(), 'p.json': labelStudio(true) }],
  ["Hugging Face's ImageFolder", 'imagefolder', { 'train/a.png': image(), 'train/metadata.jsonl': imagefolder }],
  ['VIA 3', 'via', { 'a.png': image(), 'project.json': via3 }],
  [
    'CSV of Open Images',
    'csv',
    { 'data/a.jpg': image(), 'labels/boxes.csv': openImages, 'metadata/classes.csv': `${machine},cell\n` },
  ],
  ['CSV of makesense', 'csv', { 'a.png': image(), 'labels.csv': 'cell,4,2,16,8,a.png,40,20\n' }],
  [
    'CSV of makesense with titles',
    'csv',
    {
      'a.png': image(),
      'labels.csv':
        'label_name,bbox_x,bbox_y,bbox_width,bbox_height,image_name,image_width,image_height\ncell,4,2,16,8,a.png,40,20\n',
    },
  ],
  [
    'lines of keras-yolo3',
    'csv',
    {
      'train/a b.png': image(),
      'train/none.png': image(7),
      'train/_annotations.txt': 'a b.png 4,2,20,10,1 1,1,3,3,1\nnone.png\n',
      'train/_classes.txt': 'other\ncell\n',
    },
  ],
  ['rectangles of AnyLabeling', 'labelme', { 'a.png': image(), 'a.json': anylabeling }],
  [
    'VOCdevkit',
    'voc',
    {
      'VOCdevkit/VOC2007/JPEGImages/a.png': image(),
      'VOCdevkit/VOC2007/Annotations/a.xml': vocXml([40, 20], [['cell', 5, 3, 20, 10]]),
      'VOCdevkit/VOC2007/ImageSets/Main/train.txt': 'a\n',
    },
  ],
  ['CSV of run lengths', 'csv', { 'a.png': image(), 'a.csv': `ImageId,ClassId,EncodedPixels\na.png,cell,${runs}\n` }],
  ['LabelMe', 'labelme', { 'a.png': image(), 'a.json': labelme('..\\elsewhere\\a.png') }],
  ['CVAT', 'cvat', { 'images/a.png': image(), 'annotations.xml': cvat }],
  [
    'CVAT for video',
    'cvat',
    { 'images/frame_000000.png': image(), 'images/frame_000001.PNG': image(7), 'annotations.xml': video },
  ],
  ['VIA', 'via', { 'a.png': image(), 'via.json': via }],
  ['VIA as CSV', 'via', { 'a.png': image(), 'b.png': image(7), 'via_export.csv': viaCsv }],
  [
    'CSV with names',
    'csv',
    { 'a.png': image(), 'train.csv': 'filename,width,height,class,xmin,ymin,xmax,ymax\na.png,40,20,cell,4,2,20,10\n' },
  ],
  ['CSV of retinanet', 'csv', { 'i/a.png': image(), 'a.csv': 'i/a.png,4,2,20,10,cell\n' }],
  ['CSV of AutoML', 'csv', { 'a.png': image(), 'a.csv': 'TRAIN,gs://b/a.png,cell,0.1,0.1,,,0.5,0.5,,\n' }],
  [
    'a mask per object',
    'instances',
    { 'x/images/x.png': image(), 'x/masks/0.png': square(4, 2), 'x/masks/1.png': square(4, 2) },
  ],
];
