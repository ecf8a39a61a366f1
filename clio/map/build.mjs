// npm run build: src/ into dist/clio-map.js, with the hash of what it was built from and the licences of what is in it.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const output = process.argv[2] ?? join(here, "dist");

// Held to by clio/map/bundle.py, which hashes the same bytes in the same order.
function sourceHash() {
  const files = [...readdirSync(join(here, "src")).sort().map((name) => `src/${name}`), "build.mjs", "package.json", "package-lock.json"];
  const hash = createHash("sha256");
  for (const name of files) {
    const bytes = readFileSync(join(here, name));
    hash.update(`${name}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex");
}

// Its text stands in no file of the packages: regl-scatterplot names licence and owner in a comment.
const KDBUSH = `Copyright (c) 2018, Vladimir Agafonkin

Permission to use, copy, modify, and/or distribute this software for any purpose
with or without fee is hereby granted, provided that the above copyright notice
and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH
REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND
FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS
OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER
TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THIS SOFTWARE.`;

function licences(metafile) {
  const packages = new Map();
  // A package's own build can hold its dependencies, so these count as being inside too.
  const add = (name) => {
    if (packages.has(name)) return;
    const folder = join(here, "node_modules", name);
    packages.set(name, folder);
    Object.keys(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).dependencies ?? {}).forEach(add);
  };
  for (const path of Object.keys(metafile.inputs)) {
    const found = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (found) add(found[1]);
  }
  const parts = [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, folder]) => {
    const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? readFileSync(join(folder, file), "utf8").trim() : `${about.license}. ${JSON.stringify(about.author ?? "")}`;
    return `${name} ${about.version} (${about.license})\n\n${text}\n`;
  });
  parts.push(`kdbush 4.0.2 (ISC), as carried in the source of regl-scatterplot\n\n${KDBUSH}\n`);
  return `clio-map.js contains, beside our own source in clio/map/src, the following packages.\n\n${parts.join(`\n${"-".repeat(80)}\n\n`)}`;
}

const hash = sourceHash();
mkdirSync(output, { recursive: true });
const result = await build({
  absWorkingDir: here, entryPoints: ["src/index.js"], bundle: true, format: "esm", target: "es2022", minify: true,
  charset: "ascii", legalComments: "none", metafile: true, write: false,
  banner: { js: `// Clio Toolkit map. Source sha256 ${hash}. Licences: THIRD-PARTY.txt` },
});
const text = result.outputFiles[0].text;
// The bundle is written into pages inline: nothing in it may end or hide the element it stands in.
if (/<\/script|<!--/i.test(text)) throw new Error("The bundle holds a sequence that would break out of a script element.");
writeFileSync(join(output, "clio-map.js"), text);
writeFileSync(join(output, "THIRD-PARTY.txt"), licences(result.metafile));
console.log(`${text.length} bytes, source ${hash.slice(0, 12)}`);
