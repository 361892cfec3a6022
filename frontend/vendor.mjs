// Makes frontend/src/vendored/ again from the npm packages that package.json names by exact version.
//
// What a browser loads from others stands in the repository, so that the sources can be served
// without Node; vendored.json says where each file came from, under which licence, and its SHA-256.
import { createHash } from "node:crypto"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const frontend = dirname(fileURLToPath(import.meta.url))
const modules = join(frontend, "..", "node_modules")
const target = join(frontend, "src", "vendored")

const HTMX = "htmx.org"
const LITERATA = "@fontsource-variable/literata"
const SUBSETS = ["latin-ext", "latin"]
const STYLES = ["normal", "italic"]

/** One file to keep: where it goes, whose it is, and its bytes. */
async function copy(path, npm, source) {
  return { path, npm, source, bytes: await readFile(join(modules, npm, source)) }
}

async function versionOf(npm) {
  const { version, license } = JSON.parse(await readFile(join(modules, npm, "package.json")))
  return { version, license }
}

/** The @font-face rules of the subsets kept; the ranges are read from the package's own sheets. */
async function fontFaces() {
  const rules = []
  for (const style of STYLES) {
    const sheet = await readFile(
      join(modules, LITERATA, style === "normal" ? "wght.css" : "wght-italic.css"),
      "utf8",
    )
    for (const subset of SUBSETS) {
      const name = `literata-${subset}-wght-${style}.woff2`
      const face = sheet.split("@font-face").find((rule) => rule.includes(`/${name})`))
      const range = face.match(/unicode-range:\s*([^;]+);/)[1].split(",")
      rules.push(
        [
          "@font-face {",
          '  font-family: "Literata";',
          `  font-style: ${style};`,
          "  font-weight: 200 900;",
          "  font-display: swap;",
          `  src: url("./${name}") format("woff2");`,
          `  unicode-range: ${range.map((part) => part.trim()).join(", ")};`,
          "}",
          "",
        ].join("\n"),
      )
    }
  }
  return Buffer.from(rules.join("\n"))
}

const files = [
  await copy("htmx/htmx.esm.min.js", HTMX, "dist/htmx.esm.min.js"),
  await copy("htmx/LICENSE", HTMX, "LICENSE"),
  await copy("literata/OFL.txt", LITERATA, "LICENSE"),
  { path: "literata/literata.css", npm: LITERATA, source: "wght.css", bytes: await fontFaces() },
]
for (const style of STYLES) {
  for (const subset of SUBSETS) {
    const name = `literata-${subset}-wght-${style}.woff2`
    files.push(await copy(`literata/${name}`, LITERATA, `files/${name}`))
  }
}
files.sort((a, b) => (a.path < b.path ? -1 : 1))

await rm(target, { recursive: true, force: true })
const list = []
for (const { path, npm, source, bytes } of files) {
  await mkdir(dirname(join(target, path)), { recursive: true })
  await writeFile(join(target, path), bytes)
  const sha256 = createHash("sha256").update(bytes).digest("hex")
  list.push({ path, package: npm, ...(await versionOf(npm)), source, sha256 })
}
await writeFile(join(target, "vendored.json"), `${JSON.stringify(list, null, 2)}\n`)
console.log(`${list.length} files in frontend/src/vendored`)
