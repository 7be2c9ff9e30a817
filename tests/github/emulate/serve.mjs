// Runs emulate behind a prism proxy that holds GitHub's own description against every request and answer.
//
// The first line of the output tells where it is and who may sign in: {"url", "token", "app", "key"}. Then comes a line for every
// exchange: {"method", "path", "status", "violations"}. It ends with its standard input.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { createRequire } from "node:module";
import { createServer as plainServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createEmulator } from "emulate";

import { subset } from "./subset.mjs";

const require = createRequire(import.meta.url);
const HOST = "127.0.0.1";
const TOKEN = "ghp_emulated";
const APP = 12345;

const seed = {
  tokens: { [TOKEN]: { login: "octocat", scopes: ["repo"] } },
  github: {
    users: [{ login: "octocat" }, { login: "hubot" }],
    repos: [{ owner: "octocat", name: "app", auto_init: true }],
    apps: [{
      app_id: APP, slug: "caulk", name: "caulk",
      permissions: { contents: "write", pull_requests: "write", checks: "write", metadata: "read", issues: "write" },
      installations: [{ installation_id: 100, account: "octocat" }],
    }],
  },
};

const [port, proxyPort] = [await freePort(), await freePort()];
const emulator = await createEmulator({ service: "github", port, seed, baseUrl: `http://${HOST}:${port}` });
const key = emulator.generatedSecrets.find((secret) => secret.kind === "github.app_private_key")?.value;
const prism = await startPrism(`http://${HOST}:${port}`, proxyPort);

const front = createServer((asked, answer) => {
  const passed = request({ host: HOST, port: proxyPort, method: asked.method, path: asked.url, headers: asked.headers }, (told) => {
    const { "sl-violations": violations, ...headers } = told.headers;
    console.log(JSON.stringify({ method: asked.method, path: asked.url, status: told.statusCode, violations: violations ?? "" }));
    answer.writeHead(told.statusCode, headers);
    told.pipe(answer);
  });
  passed.on("error", () => answer.destroy());
  asked.pipe(passed);
});
front.listen(0, HOST, () => {
  const url = `http://${HOST}:${front.address().port}`;
  console.log(JSON.stringify({ url, token: TOKEN, app: APP, key }));
});

// However this ends, the proxy ends with it.
process.on("exit", () => prism.kill("SIGKILL"));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));

async function startPrism(upstream, port) {
  const description = JSON.parse(readFileSync(require.resolve("@octokit/openapi/generated/api.github.com.json"), "utf8"));
  const file = join(mkdtempSync(join(tmpdir(), "caulk-emulate-")), "subset.json");
  writeFileSync(file, JSON.stringify(subset(description)));
  const program = require.resolve("@stoplight/prism-cli");
  const child = spawn(process.execPath, [program, "proxy", "-m", "false", "-p", String(port), "-h", HOST, file, upstream], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await new Promise((ready, failed) => {
    child.stdout.on("data", (text) => String(text).includes("is listening") && ready());
    child.on("exit", (code) => failed(new Error(`prism ended with ${code}`)));
  });
  return child;
}

function freePort() {
  return new Promise((found) => {
    const server = plainServer();
    server.listen(0, HOST, () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
}
