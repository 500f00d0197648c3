// npm run bench -- formats [--only TEXT] [--engine NAME]: for every tool's layout a drawn data set, `espalier init`, and one epoch of the config that
// it wrote, unedited but for the size of the images; a table, and exit 1 where one of them fails.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { encodeIndexedPng, encodePng } from '../dist/datasets/index.js';
import { writeNifti } from '../dist/datasets/volumes/nifti.js';
import { createRandom } from '../dist/engine/random.js';

const { values: options } = parseArgs({
  options: { only: { type: 'string', default: '' }, engine: { type: 'string', default: 'tensorflow' } },
});
const program = join(dirname(fileURLToPath(import.meta.url)), '../bin/espalier.js');
const [WIDTH, HEIGHT] = [96, 64];
const NAMES = ['cell', 'dot'];
const COLORS = [
  [200, 60, 60],
  [60, 90, 200],
];

/** Images of noise with rectangles of two colours: x, y, width, height, class. */
const images = Array.from({ length: 8 }, (_, index) => {
  const random = createRandom([7, index]);
  const data = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, () => 110 + random.integer(30));
  const objects = [0, 1].map((label) => {
    const [width, height] = [16 + random.integer(16), 16 + random.integer(16)];
    const [x, y] = [4 + 48 * label + random.integer(44 - width), 4 + random.integer(HEIGHT - height - 8)];
    return { x, y, width, height, label };
  });
  for (const object of objects) fill(data, object, COLORS[object.label]);
  return { stem: `img ${index}`, data, objects, split: index < 6 ? 'train' : 'val' };
});
function fill(data, { x, y, width, height }, values) {
  const count = values.length;
  for (let row = y; row < y + height; row++)
    for (let column = x; column < x + width; column++) data.set(values, (row * WIDTH + column) * count);
}
const size = { width: WIDTH, height: HEIGHT };
const png = ({ data }) => encodePng({ data, ...size });
const encoded = new Map();
for (const image of images) {
  const drawn = sharp(image.data, { raw: { ...size, channels: 3 } });
  for (const [ending, made] of [
    ['png', Buffer.from(png(image))],
    ['jpg', await drawn.clone().jpeg({ quality: 92 }).toBuffer()],
    ['tif', await drawn.clone().tiff().toBuffer()],
  ])
    encoded.set(`${image.stem}.${ending}`, made);
}
const of = (split) => images.filter((image) => split === 'all' || image.split === split);
/** Files of some images: place gives the path of each, content its bytes or text. */
const each = (list, place, content) => Object.fromEntries(list.map((image) => [place(image), content(image)]));
const photos = (list, folder, ending = 'jpg', rename = (stem) => stem) =>
  each(
    list,
    ({ stem }) => `${folder}${rename(stem)}.${ending}`,
    ({ stem }) => encoded.get(`${stem}.${ending}`),
  );
const corners = ({ x, y, width, height }) => [
  [x, y],
  [x + width, y],
  [x + width, y + height],
  [x, y + height],
];

const coco = (list, ending = 'jpg', prefix = '') =>
  JSON.stringify({
    images: list.map(({ stem }, id) => ({ id, file_name: `${prefix}${stem}.${ending}`, ...size })),
    categories: NAMES.map((name, id) => ({ id: id + 1, name })),
    annotations: list.flatMap(({ objects }, image_id) =>
      objects.map((object, i) => ({
        id: image_id * 10 + i + 1,
        image_id,
        category_id: object.label + 1,
        bbox: [object.x, object.y, object.width, object.height],
        area: object.width * object.height,
        iscrowd: 0,
        segmentation: [corners(object).flat()],
      })),
    ),
  });
const voc = ({ stem, objects }) =>
  `<annotation><folder>a</folder><filename>${stem}.jpg</filename><size><width>${WIDTH}</width><height>${HEIGHT}</height><depth>3</depth></size>${objects
    .map(
      ({ x, y, width, height, label }) =>
        `<object><name>${NAMES[label]}</name><pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult><bndbox><xmin>${x + 1}</xmin><ymin>${y + 1}</ymin><xmax>${x + width}</xmax><ymax>${y + height}</ymax></bndbox></object>`,
    )
    .join('')}</annotation>`;
const shares = ({ x, y, width, height }) => [
  (x + width / 2) / WIDTH,
  (y + height / 2) / HEIGHT,
  width / WIDTH,
  height / HEIGHT,
];
const yolo = ({ objects }) => `${objects.map((object) => [object.label, ...shares(object)].join(' ')).join('\n')}\n`;
const yoloPolygons = ({ objects }) =>
  `${objects.map((object) => [object.label, ...corners(object).flatMap(([x, y]) => [x / WIDTH, y / HEIGHT])].join(' ')).join('\n')}\n`;
const labelme = (shapeType) => (image) =>
  JSON.stringify({
    version: '5.4.1',
    flags: {},
    imagePath: `${image.stem}.jpg`,
    imageData: null,
    imageWidth: WIDTH,
    imageHeight: HEIGHT,
    shapes: image.objects.map((object) => ({
      label: NAMES[object.label],
      shape_type: shapeType,
      flags: {},
      group_id: null,
      points: shapeType === 'rectangle' ? [corners(object)[0], corners(object)[2]] : corners(object),
    })),
  });
const cvat = (list) =>
  `<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version><meta><task><labels>${NAMES.map((name) => `<label><name>${name}</name></label>`).join('')}</labels></task></meta>${list
    .map(
      ({ stem, objects }, id) =>
        `<image id="${id}" name="${stem}.jpg" width="${WIDTH}" height="${HEIGHT}">${objects
          .map(
            ({ x, y, width, height, label }) =>
              `<box label="${NAMES[label]}" occluded="0" xtl="${x}" ytl="${y}" xbr="${x + width}" ybr="${y + height}" z_order="0"/>`,
          )
          .join('')}</image>`,
    )
    .join('')}</annotations>`;
const cvatVideo = (list) =>
  `<?xml version="1.0"?><annotations><version>1.1</version><meta><task><size>${list.length}</size><labels>${NAMES.map((name) => `<label><name>${name}</name></label>`).join('')}</labels><original_size><width>${WIDTH}</width><height>${HEIGHT}</height></original_size></task></meta>${NAMES.map(
    (name, label) =>
      `<track id="${label}" label="${name}">${list
        .map(({ objects }, frame) => {
          const { x, y, width, height } = objects[label];
          return `<box frame="${frame}" outside="0" keyframe="1" xtl="${x}" ytl="${y}" xbr="${x + width}" ybr="${y + height}"/>`;
        })
        .join('')}</track>`,
  ).join('')}</annotations>`;
const via = (list) =>
  JSON.stringify(
    Object.fromEntries(
      list.map(({ stem, objects }) => [
        `${stem}.jpg1234`,
        {
          filename: `${stem}.jpg`,
          size: 1234,
          file_attributes: {},
          regions: objects.map(({ x, y, width, height, label }) => ({
            shape_attributes: { name: 'rect', x, y, width, height },
            region_attributes: { type: NAMES[label] },
          })),
        },
      ]),
    ),
  );
const quoted = (value) => `"${JSON.stringify(value).replaceAll('"', '""')}"`;
const viaCsv = (list) =>
  `filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n${rows(
    list,
    ({ stem }, { x, y, width, height, label }, i) =>
      [
        `${stem}.jpg`,
        9,
        '"{}"',
        2,
        i,
        quoted({ name: 'rect', x, y, width, height }),
        quoted({ type: NAMES[label] }),
      ].join(','),
  )}`;
const via3 = (list) =>
  JSON.stringify({
    project: { pid: '__VIA_PROJECT_ID__', vid_list: list.map((_, i) => String(i + 1)) },
    attribute: { 1: { aname: 'type', type: 4, options: Object.fromEntries(NAMES.map((name, i) => [i, name])) } },
    file: Object.fromEntries(list.map(({ stem }, i) => [i + 1, { fid: String(i + 1), fname: `${stem}.jpg`, type: 2 }])),
    view: Object.fromEntries(list.map((_, i) => [i + 1, { fid_list: [String(i + 1)] }])),
    metadata: Object.fromEntries(
      list.flatMap(({ objects }, i) =>
        objects.map(({ x, y, width, height, label }, k) => [
          `${i + 1}_${k}`,
          { vid: String(i + 1), xy: [2, x, y, width, height], av: { 1: String(label) } },
        ]),
      ),
    ),
  });
const rows = (list, row) =>
  `${list.flatMap((image) => image.objects.map((object, i) => row(image, object, i))).join('\n')}\n`;
const far = ({ x, y, width, height }) => [x, y, x + width, y + height];
const shareCorners = (object) => far(object).map((value, i) => value / (i % 2 === 0 ? WIDTH : HEIGHT));
const csv = {
  tensorflow: (list) =>
    `filename,width,height,class,xmin,ymin,xmax,ymax\n${rows(list, ({ stem }, object) => [`${stem}.jpg`, WIDTH, HEIGHT, NAMES[object.label], ...far(object)].join(','))}`,
  retinanet: (list) =>
    rows(list, ({ stem }, object) => [`i/${stem}.jpg`, ...far(object), NAMES[object.label]].join(',')),
  autoMl: (list) =>
    rows(list, ({ stem, split }, object) => {
      const [left, top, right, bottom] = shareCorners(object);
      const part = split === 'train' ? 'TRAIN' : 'VALIDATION';
      return [part, `gs://b/${stem}.jpg`, NAMES[object.label], left, top, '', '', right, bottom, '', ''].join(',');
    }),
  openImages: (list) =>
    `ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsGroupOf\n${rows(list, ({ stem }, object) => {
      const [left, top, right, bottom] = shareCorners(object);
      return [stem, 'x', `/m/${NAMES[object.label]}`, 1, left, right, top, bottom, 0].join(',');
    })}`,
  makesense: (list) =>
    rows(list, ({ stem }, { x, y, width, height, label }) =>
      [NAMES[label], x, y, width, height, `${stem}.jpg`, WIDTH, HEIGHT].join(','),
    ),
  yolo3: (list) =>
    `${list.map(({ stem, objects }) => [`${stem}.jpg`, ...objects.map((object) => [...far(object), object.label].join(','))].join(' ')).join('\n')}\n`,
  runs: (list) =>
    `ImageId,ClassId,EncodedPixels\n${rows(list, ({ stem }, { x, y, width, height, label }) => {
      const runs = Array.from({ length: width }, (_, i) => `${(x + i) * HEIGHT + y + 1} ${height}`);
      return [`${stem}.jpg`, NAMES[label], runs.join(' ')].join(',');
    })}`,
};
const labelStudio = (list, isMinimal) =>
  JSON.stringify(
    list.map(({ stem, objects }, id) => {
      const image = `/data/upload/1/0a1b2c3d-${encodeURIComponent(stem)}.jpg`;
      const sides = { original_width: WIDTH, original_height: HEIGHT };
      const results = objects.map(({ x, y, width, height, label }) => ({
        x: (100 * x) / WIDTH,
        y: (100 * y) / HEIGHT,
        width: (100 * width) / WIDTH,
        height: (100 * height) / HEIGHT,
        rotation: 0,
        rectanglelabels: [NAMES[label]],
      }));
      if (isMinimal) return { image, id, label: results.map((value) => ({ ...value, ...sides })) };
      const result = results.map((value) => ({ value, ...sides, type: 'rectanglelabels' }));
      return { id, data: { image }, annotations: [{ result }] };
    }),
  );
const supervisely = ({ objects }) =>
  JSON.stringify({
    size: size,
    tags: [],
    objects: objects.map((object) => {
      const [left, top, right, bottom] = far(object);
      const exterior = [
        [left, top],
        [right - 1, bottom - 1],
      ];
      return { classTitle: NAMES[object.label], geometryType: 'rectangle', points: { exterior, interior: [] } };
    }),
  });
const datumaro = (list) =>
  JSON.stringify({
    info: {},
    categories: { label: { labels: NAMES.map((name) => ({ name, parent: '' })) } },
    items: list.map(({ stem, objects }) => ({
      id: stem,
      annotations: objects.map(({ x, y, width, height, label }, id) => ({
        id,
        type: 'bbox',
        label_id: label,
        bbox: [x, y, width, height],
      })),
      image: { path: `${stem}.jpg`, size: [HEIGHT, WIDTH] },
    })),
  });
const createml = (list) =>
  JSON.stringify(
    list.map(({ stem, objects }) => ({
      image: `${stem}.jpg`,
      annotations: objects.map(({ x, y, width, height, label }) => ({
        label: NAMES[label],
        coordinates: { x: x + width / 2, y: y + height / 2, width, height },
      })),
    })),
  );
const imagefolder = (list) =>
  `${list
    .map(({ stem, objects }) =>
      JSON.stringify({
        file_name: `${stem}.jpg`,
        objects: {
          bbox: objects.map(({ x, y, width, height }) => [x, y, width, height]),
          categories: objects.map(({ label }) => NAMES[label]),
        },
      }),
    )
    .join('\n')}\n`;
const kitti = ({ objects }) =>
  `${objects.map((object) => `${NAMES[object.label]} 0.00 0 -1.5 ${far(object).join(' ')} 1.6 1.7 3.6 -0.6 1.7 46.7 -1.6`).join('\n')}\n`;

/** One byte a pixel: 0, and of each object what `shadeOf` says. */
function map({ objects }, shadeOf) {
  const data = new Uint8Array(WIDTH * HEIGHT);
  for (const [i, object] of objects.entries()) fill(data, object, [shadeOf(object.label, i)]);
  return data;
}
const grey = (shadeOf) => (image) => encodePng({ data: map(image, shadeOf), ...size });
const PALETTE = [
  [0, 0, 0],
  [128, 0, 0],
  [0, 128, 0],
];
const indexed = (image) => encodeIndexedPng({ data: map(image, (label) => label + 1), ...size }, PALETTE);
const coloured = (image) => {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (const object of image.objects) fill(data, object, PALETTE[object.label + 1]);
  return encodePng({ data, ...size });
};
const binary = grey(() => 255);
const through = async (list, place, draw, change) =>
  Object.fromEntries(
    await Promise.all(
      list.map(async (image) => [place(image), await change(sharp(Buffer.from(draw(image)))).toBuffer()]),
    ),
  );
const labelmap = '# label:color_rgb:parts:actions\nbackground:0,0,0::\ncell:128,0,0::\ndot:0,128,0::\n';
const [all, train, val] = ['all', 'train', 'val'].map(of);
const list = (images) => `${images.map(({ stem }) => stem).join('\n')}\n`;
const volume = (draw) => (image) =>
  writeNifti(
    Uint8Array.from([0, 1, 2].flatMap(() => [...draw(image)])),
    { ...size, depth: 3, channels: 1, spacing: [1, 1, 3], affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3, 0] },
    null,
  );
const brightness = ({ data }) => Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => data[3 * i]);

/** Name, files by path, and what else the user would say: none where `root` alone recognises it. */
const LAYOUTS = {
  'COCO of Roboflow': {
    ...photos(train, 'train/'),
    ...photos(val, 'valid/'),
    'train/_annotations.coco.json': coco(train),
    'valid/_annotations.coco.json': coco(val),
  },
  'COCO with annotations/': {
    ...photos(train, 'train2017/'),
    ...photos(val, 'val2017/'),
    'annotations/instances_train2017.json': coco(train),
    'annotations/instances_val2017.json': coco(val),
  },
  'COCO of CVAT': { ...photos(all, 'images/'), 'annotations/instances_default.json': coco(all) },
  'COCO of Label Studio': { ...photos(all, 'images/'), 'result.json': coco(all, 'jpg', 'images\\') },
  'VOC of Roboflow': {
    ...photos(train, 'train/'),
    ...photos(val, 'valid/'),
    ...each(train, ({ stem }) => `train/${stem}.xml`, voc),
    ...each(val, ({ stem }) => `valid/${stem}.xml`, voc),
  },
  'VOC of labelImg': { ...photos(all, ''), ...each(all, ({ stem }) => `${stem}.xml`, voc) },
  'VOC of Label Studio': { ...photos(all, 'images/'), ...each(all, ({ stem }) => `Annotations/${stem}.xml`, voc) },
  'VOC with ImageSets': {
    ...photos(all, 'JPEGImages/'),
    ...each(all, ({ stem }) => `Annotations/${stem}.xml`, voc),
    'ImageSets/Main/train.txt': list(train),
    'ImageSets/Main/val.txt': list(val),
  },
  'CVAT segmentation mask': {
    ...photos(all, 'JPEGImages/'),
    ...each(all, ({ stem }) => `SegmentationClass/${stem}.png`, coloured),
    'ImageSets/Segmentation/default.txt': list(all),
    'labelmap.txt': labelmap,
  },
  'YOLO with data.yaml': {
    'data.yaml': 'train: ../train/images\nval: ../valid/images\nnc: 2\nnames: [cell, dot]\n',
    ...photos(train, 'train/images/'),
    ...photos(val, 'valid/images/'),
    ...each(train, ({ stem }) => `train/labels/${stem}.txt`, yolo),
    ...each(val, ({ stem }) => `valid/labels/${stem}.txt`, yolo),
  },
  'YOLO images/train': {
    'data.yaml': 'path: .\ntrain: images/train\nval: images/val\nnames:\n  0: cell\n  1: dot\n',
    ...photos(train, 'images/train/'),
    ...photos(val, 'images/val/'),
    ...each(train, ({ stem }) => `labels/train/${stem}.txt`, yolo),
    ...each(val, ({ stem }) => `labels/val/${stem}.txt`, yolo),
  },
  'YOLO polygons': {
    ...photos(all, 'images/'),
    ...each(all, ({ stem }) => `labels/${stem}.txt`, yoloPolygons),
    'classes.txt': 'cell\ndot\n',
  },
  'YOLO of Darknet': {
    'obj.names': 'cell\ndot\n',
    'obj.data':
      'classes = 2\ntrain = data/train.txt\nvalid = data/valid.txt\nnames = data/obj.names\nbackup = backup/\n',
    'train.txt': `${train.map(({ stem }) => `data/obj_train_data/${stem}.jpg`).join('\n')}\n`,
    'valid.txt': `${val.map(({ stem }) => `data/obj_train_data/${stem}.jpg`).join('\n')}\n`,
    ...photos(all, 'obj_train_data/'),
    ...each(all, ({ stem }) => `obj_train_data/${stem}.txt`, yolo),
  },
  'YOLO of labelImg': {
    ...photos(all, ''),
    ...each(all, ({ stem }) => `${stem}.txt`, yolo),
    'classes.txt': 'cell\ndot\n',
  },
  KITTI: {
    ...photos(all, 'training/image_2/', 'png', (stem) => stem.replace('img ', '00000')),
    ...each(all, ({ stem }) => `training/label_2/${stem.replace('img ', '00000')}.txt`, kitti),
  },
  'LabelMe rectangles': { ...photos(all, ''), ...each(all, ({ stem }) => `${stem}.json`, labelme('rectangle')) },
  'LabelMe polygons, train and val': {
    ...photos(train, 'train/'),
    ...photos(val, 'val/'),
    ...each(train, ({ stem }) => `train/${stem}.json`, labelme('polygon')),
    ...each(val, ({ stem }) => `val/${stem}.json`, labelme('polygon')),
  },
  Supervisely: {
    'meta.json': JSON.stringify({ classes: NAMES.map((title) => ({ title, shape: 'rectangle', color: '#FF0000' })) }),
    ...photos(train, 'train/img/'),
    ...photos(val, 'val/img/'),
    ...each(train, ({ stem }) => `train/ann/${stem}.jpg.json`, supervisely),
    ...each(val, ({ stem }) => `val/ann/${stem}.jpg.json`, supervisely),
  },
  'CVAT for images': { ...photos(all, 'images/'), 'annotations.xml': cvat(all) },
  'CVAT for video': {
    ...photos(all, 'images/', 'png', (stem) => stem.replace('img ', 'frame_00000')),
    'annotations.xml': cvatVideo(all),
  },
  Datumaro: {
    ...photos(train, 'images/train/'),
    ...photos(val, 'images/val/'),
    'annotations/train.json': datumaro(train),
    'annotations/val.json': datumaro(val),
  },
  'Create ML': {
    ...photos(train, 'train/'),
    ...photos(val, 'valid/'),
    'train/_annotations.createml.json': createml(train),
    'valid/_annotations.createml.json': createml(val),
  },
  'Label Studio JSON': { ...photos(all, 'images/'), 'project-1.json': labelStudio(all, false) },
  'Label Studio JSON-MIN': {
    ...photos(all, 'images/', 'jpg', (stem) => `0a1b2c3d-${stem}`),
    'project-1.json': labelStudio(all, true),
  },
  'Hugging Face ImageFolder': {
    ...photos(train, 'train/'),
    ...photos(val, 'validation/'),
    'train/metadata.jsonl': imagefolder(train),
    'validation/metadata.jsonl': imagefolder(val),
  },
  'VIA JSON': { ...photos(all, ''), 'via_region_data.json': via(all) },
  'VIA CSV': { ...photos(all, ''), 'via_export_csv.csv': viaCsv(all) },
  'VIA 3': { ...photos(all, ''), 'project.json': via3(all) },
  'CSV of TensorFlow tutorials': {
    ...photos(all, 'images/'),
    'train_labels.csv': csv.tensorflow(train),
    'test_labels.csv': csv.tensorflow(val),
  },
  'CSV of keras-retinanet': { ...photos(all, 'i/'), 'annotations.csv': csv.retinanet(all) },
  'CSV of AutoML': { ...photos(all, ''), 'a.csv': csv.autoMl(all) },
  'CSV of Open Images': {
    ...photos(all, 'data/'),
    'labels/boxes.csv': csv.openImages(all),
    'metadata/classes.csv': NAMES.map((name) => `/m/${name},${name}\n`).join(''),
  },
  'CSV of makesense': { ...photos(all, ''), 'labels.csv': csv.makesense(all) },
  'keras-yolo3': {
    ...photos(all, 'train/', 'jpg', (stem) => stem.replace(' ', '')),
    'train/_annotations.txt': csv.yolo3(all.map((image) => ({ ...image, stem: image.stem.replace(' ', '') }))),
    'train/_classes.txt': 'cell\ndot\n',
  },
  'run lengths of Kaggle': { ...photos(all, 'train_images/'), 'train.csv': csv.runs(all) },
  'a mask for each object': {
    ...each(all, ({ stem }) => `${stem}/images/${stem}.png`, png),
    ...each(
      all,
      ({ stem }) => `${stem}/masks/0.png`,
      (image) => binary({ ...image, objects: [image.objects[0]] }),
    ),
    ...each(
      all,
      ({ stem }) => `${stem}/masks/1.png`,
      (image) => binary({ ...image, objects: [image.objects[1]] }),
    ),
  },
  'masks of 0 and 255': { ...photos(all, 'images/'), ...each(all, ({ stem }) => `masks/${stem}.png`, binary) },
  'masks of 0, 128 and 255, beside': {
    ...photos(all, ''),
    ...each(
      all,
      ({ stem }) => `${stem}_mask.png`,
      grey((label) => [128, 255][label]),
    ),
  },
  'masks with a palette': { ...photos(all, 'images/'), ...each(all, ({ stem }) => `masks/${stem}.png`, indexed) },
  'masks of colours': { ...photos(all, 'images/'), ...each(all, ({ stem }) => `masks/${stem}.png`, coloured) },
  'masks as JPEG': {
    ...photos(all, 'images/'),
    ...(await through(
      all,
      ({ stem }) => `masks/${stem}.jpg`,
      binary,
      (mask) => mask.jpeg({ quality: 80 }),
    )),
  },
  'masks blurred at borders': {
    ...photos(all, 'images/'),
    ...(await through(
      all,
      ({ stem }) => `masks/${stem}.png`,
      binary,
      (mask) => mask.blur(0.8).png(),
    )),
  },
  'masks of colours, blurred at borders': {
    ...photos(all, 'images/'),
    ...(await through(
      all,
      ({ stem }) => `masks/${stem}.png`,
      coloured,
      (mask) => mask.blur(0.8).png(),
    )),
  },
  'masks of colours as JPEG': {
    ...photos(all, 'images/'),
    ...(await through(
      all,
      ({ stem }) => `masks/${stem}.jpg`,
      coloured,
      (mask) => mask.jpeg({ quality: 85 }),
    )),
  },
  'masks as TIFF': {
    ...photos(all, 'images/', 'tif'),
    ...(await through(
      all,
      ({ stem }) => `masks/${stem}.tif`,
      binary,
      (mask) => mask.tiff(),
    )),
  },
  'masks as RGBA': {
    ...photos(all, 'images/'),
    ...(await through(
      all,
      ({ stem }) => `masks/${stem}.png`,
      coloured,
      (mask) => mask.ensureAlpha().png(),
    )),
  },
  'masks of 1 bit': {
    ...photos(all, 'images/'),
    ...(await through(
      all,
      ({ stem }) => `masks/${stem}.png`,
      binary,
      (mask) => mask.png({ palette: true, colours: 2 }),
    )),
  },
  'class folders': {
    ...photos(train.slice(0, 3), 'train/cell/'),
    ...photos(train.slice(3), 'train/dot/'),
    ...photos(val.slice(0, 1), 'val/cell/'),
    ...photos(val.slice(1), 'val/dot/'),
  },
  'CSV of images and classes': {
    ...photos(all, 'images/'),
    'train.csv': `image,label\n${all.map(({ stem }, i) => `${stem}.jpg,${NAMES[i % 2]}`).join('\n')}\n`,
  },
  'volumes of nnU-Net': {
    ...each(all, ({ stem }) => `imagesTr/${stem.replace(' ', '')}_0000.nii`, volume(brightness)),
    ...each(
      all,
      ({ stem }) => `labelsTr/${stem.replace(' ', '')}.nii`,
      volume((image) => map(image, (label) => label + 1)),
    ),
    'dataset.json': JSON.stringify({
      labels: { background: 0, cell: 1, dot: 2 },
      channel_names: { 0: 'MRI' },
      numTraining: all.length,
      file_ending: '.nii',
    }),
  },
};

const folder = mkdtempSync(join(tmpdir(), 'espalier-formats-'));
const ask = (...args) =>
  spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: 'utf8', timeout: 300_000 });
const CHANGES = ['train.epochs=1', 'train.batchSize=2', 'model.inputSize=[64,96]', 'train.minutes=null'];
let failed = 0;
for (const [index, [name, files]] of Object.entries(LAYOUTS).entries()) {
  if (!name.includes(options.only)) continue;
  const root = `set${index}`;
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, root, path)), { recursive: true });
    writeFileSync(join(folder, root, path), content);
  }
  const init = ask('init', root);
  const said = /^[^\n]*:.*$/m.exec(`${init.stdout}${init.stderr}`)?.[0] ?? '';
  const args = ['train', `${root}.yaml`, '--out', `run${index}`, '--no-plots', '--engine', options.engine];
  const sets = CHANGES.flatMap((change) => ['--set', change]);
  const trained = init.status === 0 ? ask(...args, ...sets) : null;
  const isDone = trained?.status === 0;
  failed += isDone ? 0 : 1;
  const why = trained === null ? `init: ${init.stderr.trim()}` : trained.stderr.trim().split('\n').at(-1);
  console.log(`${isDone ? 'trains' : 'FAILS '}  ${name}: ${said}${isDone ? '' : `\n        ${why}`}`);
}
console.log(failed === 0 ? 'all train' : `${failed} fail`);
rmSync(folder, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;
