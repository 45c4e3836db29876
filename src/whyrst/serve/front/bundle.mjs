// Copies what pages load from the installed packages, with their licences, to ../static/vendor.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;
const vendor = join(here, "..", "static", "vendor");
const FILES = {
  "htmx.min.js": "htmx.org/dist/htmx.min.js",
  "htmx.LICENSE": "htmx.org/LICENSE",
  "uplot.min.js": "uplot/dist/uPlot.iife.min.js",
  "uplot.min.css": "uplot/dist/uPlot.min.css",
  "uplot.LICENSE": "uplot/LICENSE",
};

rmSync(vendor, { recursive: true, force: true });
mkdirSync(vendor, { recursive: true });
for (const [name, from] of Object.entries(FILES)) copyFileSync(join(here, "node_modules", from), join(vendor, name));
