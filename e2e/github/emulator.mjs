// Starts the GitHub emulator: node emulator.mjs CONFIG, where CONFIG is a JSON
// file {port, ready, baseUrl, seed}. It writes the address that it listens on
// to the file `ready`, and ends when its standard input does.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createEmulator } from "emulate";

const config = JSON.parse(readFileSync(process.argv[2], "utf8"));
const emulator = await createEmulator({
  service: "github",
  hostname: "127.0.0.1",
  port: config.port,
  baseUrl: config.baseUrl,
  seed: config.seed,
});
process.stdin.resume().on("end", () => process.exit(0));
process.on("SIGTERM", () => process.exit(0));
writeFileSync(config.ready + ".part", emulator.url + "\n");
renameSync(config.ready + ".part", config.ready);
