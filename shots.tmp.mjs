// test/browser/browser.ts
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
var root = join(dirname(fileURLToPath(import.meta.url)), "../..");
var NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
var executable = findChromium();
var chromiumMissing = executable ? void 0 : `no ${NAMES[0]} on the path: install it, or set ESPALIER_CHROMIUM`;
var isThorough = process.env.ESPALIER_TEST_BROWSER === "all";
function findChromium() {
  const { ESPALIER_CHROMIUM, PATH = "" } = process.env;
  const files = PATH.split(delimiter).flatMap((folder) => NAMES.map((name2) => join(folder, name2)));
  return ESPALIER_CHROMIUM || files.find(isExecutable);
}
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
var ARGUMENTS = [
  ...["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync"]
];
function launchChromium() {
  return chromium.launch({ executablePath: executable, headless: true, args: [...ARGUMENTS] });
}
var require2 = createRequire(import.meta.url);
var wasmFolder = dirname(require2.resolve("@tensorflow/tfjs-backend-wasm/package.json"));

// test/browser/accessible.ts
function findBarriers(page) {
  return page.evaluate(() => {
    const parse = (text) => {
      const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
      return [r, g, b, a];
    };
    const over = (top, below) => {
      const mix = (i) => top[i] * top[3] + below[i] * (1 - top[3]);
      return [mix(0), mix(1), mix(2), 1];
    };
    const backgroundOf = (element) => {
      const layers = [];
      for (let at = element; at !== null; at = at.parentElement) {
        const color = parse(getComputedStyle(at).backgroundColor);
        layers.push(color);
        if (color[3] === 1) break;
      }
      const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
      const page2 = isDark ? [18, 18, 18, 1] : [255, 255, 255, 1];
      return layers.reduceRight((below, layer) => over(layer, below), page2);
    };
    const luminance = ([r, g, b]) => {
      const [x = 0, y = 0, z = 0] = [r, g, b].map((v) => v <= 10 ? v / 3294 : ((v / 255 + 0.055) / 1.055) ** 2.4);
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const isShown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    const found = /* @__PURE__ */ new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = node.textContent?.trim() ?? "";
      if (!element || text === "" || /^(?:script|style|option|noscript|title|desc)$/i.test(element.tagName) || !isShown(element))
        continue;
      if (element.closest(".overlay, [aria-hidden=true], :disabled")) continue;
      const style = getComputedStyle(element);
      const isDrawn = element instanceof SVGElement;
      const background = backgroundOf(element);
      const ink = over(parse(isDrawn ? style.fill : style.color), background);
      const [light, dark] = [luminance(ink), luminance(background)].sort((a, b) => b - a);
      const ratio = (light + 0.05) / (dark + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const isLarge = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
      if (ratio < (isLarge ? 3 : 4.5)) found.add(`contrast ${ratio.toFixed(2)} of '${text.slice(0, 30)}'`);
    }
    for (const control of document.querySelectorAll("button, input, select, [role=button], a")) {
      if (!isShown(control)) continue;
      const label = control instanceof HTMLInputElement || control instanceof HTMLSelectElement ? control.labels?.[0]?.textContent : "";
      const name2 = control.getAttribute("aria-label") || control.textContent?.trim() || label?.trim();
      if (!name2) found.add(`no name: ${control.outerHTML.slice(0, 80)}`);
    }
    for (const image of document.querySelectorAll("img"))
      if (!image.hasAttribute("alt")) found.add(`no alt: ${image.outerHTML.slice(0, 80)}`);
    for (const box of document.querySelectorAll("*")) {
      const { overflowX, overflowY } = getComputedStyle(box);
      const scrolls = /auto|scroll/.test(overflowX) && box.scrollWidth > box.clientWidth + 1 || /auto|scroll/.test(overflowY) && box.scrollHeight > box.clientHeight + 1;
      const inside = box.querySelector("button, input, select, a[href], [tabindex]");
      if (scrolls && box.tabIndex < 0 && inside === null && box !== document.documentElement)
        found.add(`scrolls without focus: ${box.outerHTML.slice(0, 80)}`);
    }
    return [...found];
  });
}

// shots.tmp.ts
var [, , url, name, waitFor = "body"] = process.argv;
var browser = await launchChromium();
for (const width of [1600, 400]) for (const scheme of ["light", "dark"]) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
  page.on("console", (m) => console.log("console", m.text()));
  page.on("pageerror", (e) => console.log("error", String(e)));
  await page.goto(url);
  await page.locator(waitFor).first().waitFor({ timeout: 6e4 }).catch((e) => console.log(String(e).slice(0, 200)));
  await page.evaluate(async () => {
    for (let y = 0; y < document.body.scrollHeight; y += 600) {
      scrollTo(0, y);
      await new Promise((r) => setTimeout(r, 250));
    }
    scrollTo(0, 0);
  });
  await page.waitForTimeout(1500);
  await page.screenshot({ path: `/tmp/see-shots/${name}-${width}-${scheme}.png`, fullPage: true });
  console.log(name, width, scheme, "wide", await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]), await findBarriers(page));
  await page.close();
}
await browser.close();
