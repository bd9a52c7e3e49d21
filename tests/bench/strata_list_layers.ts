// Prints the names in layers that are compressed with gzip: FILE ...
import { decompress, readTar } from "../../mod.ts";

const names: string[] = [];
for (const path of Deno.args) {
  const file = await Deno.open(path);
  for await (const { name } of readTar(decompress(file.readable, "gzip"))) {
    names.push(name);
  }
}
console.log(names.join("\n"));
