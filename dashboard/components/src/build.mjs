// Builds the browser bundles into ../built, with what they carry of others and the sums of every file.

import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url)), modules = join(here, 'node_modules')
/** Filled beside the old folder and put in its place at the end, so that a failed build changes nothing. */
const goal = join(here, '..', 'built'), out = goal + '.new'
const bundles = {
  process_map: ['map/index.js', 'esm'],
  layout_worker: ['map/layout_worker.js', 'iife'],
  variant_explorer: ['variants/index.js', 'esm'],
  bpmn_view: ['bpmn/index.js', 'esm']
}
const styles = { process_map: 'map/map.css', variant_explorer: 'variants/variants.css', bpmn_view: 'bpmn/bpmn.css' }
/** Files taken over as they are. */
const copied = { 'viz-global.js': '@viz-js/viz/dist/viz-global.js' }
/** Licence texts that a package does not ship beside its `package.json` are kept in `licences/` here. */
const kept = { '@viz-js/viz': 'viz-js.txt', 'bpmn-auto-layout': 'bpmn-auto-layout.txt' }
/** What a copied file carries inside in object code. */
const inside = [
  { name: 'Graphviz', version: '16.1.0', licence: 'EPL-2.0', text: 'graphviz.txt', where: ['viz-global.js'] },
  { name: 'Emscripten run-time', version: '6.0.10', licence: 'MIT', text: 'emscripten.txt', where: ['viz-global.js'] },
  { name: 'Expat', version: '2.8.5', licence: 'MIT', text: 'expat.txt', where: ['viz-global.js'] }
]

rmSync(out, { recursive: true, force: true })
mkdirSync(join(out, 'licences'), { recursive: true })

const used = new Map()
function uses (name, file) {
  if (!used.has(name)) used.set(name, new Set())
  used.get(name).add(file)
}
const packageOf = path => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path.replaceAll('\\', '/'))?.[1]

async function bundle (name, entry, format, extension) {
  const file = name + extension
  const { metafile } = await build({
    entryPoints: [join(here, entry)], outfile: join(out, file), bundle: true, minify: true, format, target: 'es2022', charset: 'utf8',
    legalComments: 'inline', metafile: true, absWorkingDir: here, logLevel: 'warning', external: extension === '.css' ? ['*.woff', '*.woff2'] : []
  })
  for (const input of Object.keys(metafile.inputs)) if (packageOf(input)) uses(packageOf(input), file)
}

for (const [name, [entry, format]] of Object.entries(bundles)) await bundle(name, entry, format, '.js')
for (const [name, entry] of Object.entries(styles)) await bundle(name, entry, undefined, '.css')
for (const [file, source] of Object.entries(copied)) {
  copyFileSync(join(modules, source), join(out, file))
  uses(packageOf('node_modules/' + source), file)
}

const rows = []
for (const [name, files] of [...used].sort()) {
  const { version, license } = JSON.parse(readFileSync(join(modules, name, 'package.json')))
  const shipped = readdirSync(join(modules, name)).find(file => /^licen[cs]e/i.test(file))
  const source = kept[name] ? join(here, 'licences', kept[name]) : shipped && join(modules, name, shipped)
  if (!source) throw new Error(`${name} ${version} ships no licence text; put it into src/licences and name it in build.mjs`)
  const text = name.replace('@', '').replace('/', '-') + '.txt'
  copyFileSync(source, join(out, 'licences', text))
  rows.push([name, version, license?.startsWith('SEE') ? 'bpmn.io licence (MIT, watermark stays)' : license, [...files].sort(), text])
}
for (const { name, version, licence, text, where } of inside) {
  copyFileSync(join(here, 'licences', text), join(out, 'licences', text))
  rows.push([`${name} (inside @viz-js/viz)`, version, licence, where, text])
}
writeFileSync(join(out, 'THIRD_PARTY.md'), [
  '# Third-party software in the browser components',
  'Written by `dashboard/components/build.sh`. Everything else in these files is Baton\'s own, under its licence.',
  '',
  '| name | version | licence | where used |',
  '|---|---|---|---|',
  ...rows.map(([name, version, licence, files, text]) => `| ${name} | ${version} | [${licence}](licences/${text}) | ${files.map(f => '`' + f + '`').join(', ')} |`),
  ''
].join('\n'))

const everything = folder => readdirSync(folder, { withFileTypes: true }).flatMap(e => e.isDirectory() ? everything(join(folder, e.name)) : [join(folder, e.name)])
const sums = everything(out).sort().map(path => `${createHash('sha256').update(readFileSync(path)).digest('hex')}  ${relative(out, path).replaceAll('\\', '/')}`)
writeFileSync(join(out, 'SHA256SUMS'), sums.join('\n') + '\n')
rmSync(goal, { recursive: true, force: true })
renameSync(out, goal)
