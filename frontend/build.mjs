// Builds frontend/src into frontend/dist: one script, one style sheet, fonts, icons, manifest.json.
//
//   node frontend/build.mjs              minified, once
//   node frontend/build.mjs --mode=dev   readable, with source maps
//   node frontend/build.mjs --watch      that, again after each change (--mode=prod: minified)
//
// manifest.json maps a source ("js/app.js") to its built name ("app-1a2b3c4d.js"); the server reads
// nothing else. Names carry a hash of the content alone: esbuild's own hash also takes in where the
// checkout lies, and the same sources should give the same names on every machine.
import { createHash } from "node:crypto"
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { basename, dirname, extname, join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { context } from "esbuild"

const frontend = dirname(fileURLToPath(import.meta.url))
const root = dirname(frontend)
const src = join(frontend, "src")
const dist = join(frontend, "dist")
const watch = process.argv.includes("--watch")
const mode = process.argv.find((each) => each.startsWith("--mode="))?.slice("--mode=".length)
const minify = mode ? mode === "prod" : !watch

const ENTRIES = ["js/app.js", "css/app.css"]
/** Copied as they are: files beside the entries (favicon, web manifest) and the icons. */
const COPIED = [".", "icons"]
const COPIED_KINDS = new Set([".svg", ".png", ".ico", ".webmanifest"])

function slashed(path) {
  return path.split(sep).join("/")
}

function hashed(name, bytes) {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 10)
  return `${basename(name, extname(name))}-${hash}${extname(name)}`
}

async function copied() {
  const files = []
  for (const folder of COPIED) {
    const found = await readdir(join(src, folder), { withFileTypes: true }).catch(() => [])
    for (const file of found) {
      if (!file.isFile() || !COPIED_KINDS.has(extname(file.name))) continue
      const bytes = await readFile(join(src, folder, file.name))
      const source = folder === "." ? file.name : `${folder}/${file.name}`
      files.push({ source, name: hashed(file.name, bytes), bytes })
    }
  }
  return files
}

/** The built entries under names of ours; a font keeps the name esbuild gave it, by content. */
function bundled(result) {
  return result.outputFiles.map((output) => {
    const made = result.metafile.outputs[slashed(relative(root, output.path))]
    const [input] = Object.keys(made.inputs)
    const source = slashed(relative("frontend/src", made.entryPoint ?? input))
    const name = made.entryPoint ? hashed(source, output.contents) : basename(output.path)
    return { source, name, bytes: output.contents }
  })
}

/**
 * New files first, then the manifest by rename, then the old files go: a server reading meanwhile
 * finds every file that the manifest in force names.
 */
async function write(files) {
  await mkdir(dist, { recursive: true })
  const manifest = {}
  const keep = new Set(["manifest.json"])
  for (const { source, name, bytes } of files) {
    await writeFile(join(dist, name), bytes)
    keep.add(name)
    manifest[source] = name
  }
  const sorted = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1)))
  await writeFile(join(dist, "manifest.json.new"), `${JSON.stringify(sorted, null, 2)}\n`)
  await rename(join(dist, "manifest.json.new"), join(dist, "manifest.json"))
  for (const old of await readdir(dist)) {
    if (!keep.has(old)) await rm(join(dist, old), { recursive: true })
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0)
  console.log(`${files.length} files, ${Math.round(bytes / 1024)} KB in frontend/dist`)
}

const writing = {
  name: "write",
  setup(build) {
    build.onEnd(async (result) => {
      if (result.errors.length === 0) await write([...bundled(result), ...(await copied())])
    })
  },
}

const building = await context({
  absWorkingDir: root,
  entryPoints: ENTRIES.map((entry) => `frontend/src/${entry}`),
  outdir: dist,
  outbase: src,
  // Flat, so that a style sheet names its fonts by file name alone.
  entryNames: "[name]",
  assetNames: "[name]-[hash]",
  bundle: true,
  format: "esm",
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  minify,
  sourcemap: minify ? false : "inline",
  legalComments: "none",
  loader: { ".woff2": "file", ".svg": "file" },
  metafile: true,
  write: false,
  plugins: [writing],
})

if (watch) {
  await building.watch()
} else {
  try {
    await building.rebuild()
  } catch {
    process.exitCode = 1 // esbuild has said what is wrong, file and line
  }
  await building.dispose()
}
