// Validates recorded exchanges against GitHub's own OpenAPI description and GraphQL schema.
//
//     node validate.mjs LOG...
//     node validate.mjs --serve
//
// A log holds one exchange a line: {"method", "path", "query", "request", "status", "response"}. `path` is as sent, percent
// encodings included; `query` is the text behind the question mark; the bodies are JSON values or null. Every exchange that is
// not as GitHub describes it is printed with its number and the reasons; the exit code is 1 if there is one, or no exchange.
//
// With --serve each line of the standard input is an array of exchanges, and is answered by a line: an array of what is wrong.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

import { checkGraphql } from "./graphql.mjs";
import { openapi } from "./openapi.mjs";

const require = createRequire(import.meta.url);
const checkRest = openapi(require.resolve("@octokit/openapi/generated/api.github.com.json"));

function check(exchange) {
  return /^(\/api)?\/graphql$/.test(exchange.path) ? checkGraphql(exchange) : checkRest(exchange);
}

if (process.argv[2] === "--serve") {
  for await (const line of createInterface({ input: process.stdin })) {
    const wrong = JSON.parse(line).flatMap((exchange) => {
      const { operation, faults } = check(exchange);
      return faults.slice(0, 10).map((fault) => `${operation} -> ${exchange.status}: ${fault}`);
    });
    console.log(JSON.stringify(wrong));
  }
  process.exit(0);
}

let exchanges = 0;
let wrong = 0;
const seen = new Map();
for (const log of process.argv.slice(2)) {
  for (const [number, line] of readFileSync(log, "utf8").split("\n").entries()) {
    if (line.trim() === "") continue;
    const exchange = JSON.parse(line);
    const { operation, faults } = check(exchange);
    exchanges += 1;
    const key = `${operation} -> ${exchange.status}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    if (faults.length > 0) {
      wrong += 1;
      console.log(`${log}:${number + 1}: ${exchange.method} ${exchange.path} -> ${exchange.status}`);
      for (const fault of faults.slice(0, 10)) console.log(`    ${fault}`);
    }
  }
}
for (const [key, count] of [...seen].sort()) console.log(`${String(count).padStart(6)}  ${key}`);
console.log(`${exchanges} exchanges, ${wrong} not as GitHub describes them`);
process.exit(exchanges === 0 || wrong > 0 ? 1 : 0);
