// Starts one OKEY, runs the browser tests against it, and stops it, whatever happens: node run.js [FILE...]
//
// The engine, the database, the inbox and the sign-in are okey-standalone's; server and worker are bin/okey's own two programs, so that a
// test can hold the worker up. Everything listens at free ports and is kept in a folder that goes away with it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const here = import.meta.dirname;
const bin = path.join(here, "..", "bin");
const logs = path.join(bin, "e2e");
const dir = mkdtempSync(path.join(memory() ?? tmpdir(), "okey-e2e-"));
const data = path.join(dir, "data");

/** What an academy sets, so that the pages have something to say. */
const academy = { OKEY_DEMONSTRATION: "" }; // production has no tour; tour.test.js starts a demonstration of its own

/** What runs, in the order it was started in. @type {{name: string, process: import("node:child_process").ChildProcess}[]} */
const parts = [];
let told = null; // the signal that ends us early

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    told = signal;
    parts.at(-1)?.process.kill("SIGTERM");
  });
}

try {
  mkdirSync(logs, { recursive: true });
  process.exitCode = await test(await startHouse());
} catch (problem) {
  if (!told) console.error(`e2e: ${problem.message}`);
  process.exitCode = 1;
} finally {
  await stopHouse();
  rmSync(dir, { recursive: true, force: true });
}

/** A folder in memory where there is room: databases are made of thousands of files. */
function memory() {
  const shm = "/dev/shm";
  try {
    const { bavail, bsize } = statfsSync(shm);
    if (bavail * bsize > 2 ** 30) return shm;
  } catch { /* not on this system */ }
}

function start(name, program, args, options) {
  const child = spawn(program, args, options);
  const part = { name, process: child, ended: once(child, "exit") };
  part.ended.catch(() => {}); // told by whoever awaits it
  parts.push(part);
  return part;
}

/** Returns the environment in which the tests find the house. */
async function startHouse() {
  const free = ["http", "inbox", "temporal", "temporal-ui", "idp"].flatMap((part) => [`--${part}`, "127.0.0.1:0"]);
  const standalone = start("okey-standalone", path.join(bin, "okey-standalone"), ["--data", data, "--no-okey", "--demo=small", ...free], {
    stdio: ["ignore", openSync(path.join(logs, "standalone.log"), "w"), openSync(path.join(logs, "standalone.err"), "w")],
  });
  await until(standalone, 180, () => readFileSync(path.join(logs, "standalone.log"), "utf8").includes("OKEY est prêt."));

  const receivers = path.join(dir, "webhooks.json"); // one that nobody answers for
  const secret = `whsec_${Buffer.alloc(32, "e2e").toString("base64")}`;
  writeFileSync(receivers, JSON.stringify({ receivers: [
    { name: "portail", url: "http://127.0.0.1:9/", plain_http: true, private: true, secrets: [secret] },
  ] }));
  const settings = { ...process.env, ...variables(path.join(data, "okey.env")), ...academy, OKEY_WEBHOOKS: receivers };
  const run = (name) => start(name, path.join(bin, "okey"), [name], {
    env: settings, stdio: ["ignore", "ignore", openSync(path.join(logs, `${name}.log`), "w")],
  });
  const worker = run("worker");
  const server = run("server");
  await until(server, 60, async () => (await fetch(`${settings.OKEY_URL}/readyz`)).ok);
  const ports = variables(path.join(data, "ports"));
  return {
    ...settings, OKEY_E2E_DIR: dir, OKEY_E2E_BIN: bin, OKEY_E2E_WORKER: String(worker.process.pid),
    OKEY_E2E_INBOX: `http://127.0.0.1:${ports.inbox}`,
  };
}

function variables(file) {
  const lines = readFileSync(file, "utf8").split("\n").filter((line) => line.includes("="));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1).replace(/^(["'])(.*)\1$/, "$2")]));
}

async function until(part, seconds, holds) {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    if (told) throw new Error(`ended by ${told}`);
    if (part.process.exitCode !== null) throw new Error(`${part.name} ended at once: see ${logs}`);
    if (await Promise.resolve().then(holds).catch(() => false)) return;
    await pause(100);
  }
  throw new Error(`${part.name} was not ready within ${seconds} seconds: see ${logs}`);
}

/** Runs the test files; those that hold the worker up go last, by themselves. Returns the exit code. */
async function test(environment) {
  const chosen = process.argv.slice(2);
  const files = chosen.length > 0 ? chosen.map((file) => path.resolve(file)) : readdirSync(here, { recursive: true })
    .filter((file) => file.endsWith(".test.js") && !file.startsWith("node_modules"))
    .sort().reverse() // the pages, which take longest, first
    .map((file) => path.join(here, file));
  const alone = files.filter((file) => file.endsWith("waiting.test.js"));
  const groups = [[files.filter((file) => !alone.includes(file)), 2], [alone, 1]];
  let code = 0;
  for (const [group, at_once] of groups) {
    if (group.length === 0 || told) continue;
    const tests = start("tests", process.execPath, ["--test", `--test-concurrency=${at_once}`, "--test-reporter=spec", ...group], {
      env: environment, stdio: "inherit", cwd: here,
    });
    const [ended] = await tests.ended;
    parts.pop();
    code ||= ended ?? 1;
  }
  const from = (folder) => path.relative(process.cwd(), folder);
  const pictures = process.env.OKEY_E2E_FORM !== "short" ? `Pictures of pages: ${from(path.join(bin, "screenshots"))}; what` : "What";
  if (!told) console.log(`\n${pictures} server and worker said: ${from(logs)}`);
  return code;
}

/** Stops the parts, last started first; each has half a minute to do so by itself. */
async function stopHouse() {
  for (const part of parts.reverse()) {
    if (part.process.exitCode !== null || part.process.signalCode !== null) continue;
    part.process.kill("SIGTERM");
    part.process.kill("SIGCONT"); // a test that was ended may have left it held up
    const late = setTimeout(() => part.process.kill("SIGKILL"), 30_000);
    await part.ended;
    clearTimeout(late);
  }
}
