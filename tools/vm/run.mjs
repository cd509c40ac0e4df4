// Runs one script on MicroPython's virtual machine: node run.mjs MODULES HEAP_BYTES FOLDER SCRIPT [ARG ...]
// MODULES is where npm installed the machine; FOLDER is copied into its file system as /, SCRIPT lies in it.
// SCRIPT*3 runs it three times in the same machine, which collects its garbage in between and only then.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [modules, heap, folder, what, ...args] = process.argv.slice(2);
const [script, times] = what.split("*");
const entry = "@micropython/micropython-webassembly-pyscript/micropython.mjs";
const { loadMicroPython } = await import(pathToFileURL(path.join(modules, entry)));

const print = (line) => process.stdout.write(line + "\n");
const machine = await loadMicroPython({
  heapsize: Number(heap),
  stdout: print,
  stderr: print,
  linebuffer: true,
});

function copy(from, to) {
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    const target = to + entry.name;
    if (entry.isDirectory()) {
      machine.FS.mkdirTree(target);
      copy(source, target + "/");
    } else {
      machine.FS.writeFile(target, fs.readFileSync(source));
    }
  }
}

copy(folder, "/");
const start = [
  "import sys",
  "sys.path[:] = ['/lib', '/firmware', '/tools', '/']",
  "sys.argv[:] = " + JSON.stringify([script, ...args]),
  `exec(compile(open('/${script}').read(), '${script}', 'exec'), {'__name__': '__main__'})`,
].join("\n");
try {
  for (let i = 0; i < Number(times ?? 1); i++) {
    machine.runPython(start);
  }
} catch (error) {
  print(String(error.message ?? error));
  process.exitCode = 1;
}
