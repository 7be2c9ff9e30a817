// Checks a REST exchange against an OpenAPI 3.0 description.
import { readFileSync } from "node:fs";

import Ajv from "ajv";
import addFormats from "ajv-formats";

// Parameters that GitHub lets hold slashes.
const WITH_SLASHES = new Set(["ref", "path", "branch", "basehead", "dir"]);

// Returns a function from an exchange to its operation and faults.
export function openapi(file) {
  const description = JSON.parse(readFileSync(file, "utf8"));
  correct(description);
  nullable(description);
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true, logger: false });
  addFormats(ajv);
  ajv.addSchema(description, "github");
  const templates = Object.keys(description.paths).map((template) => ({ template, ...matcher(template) }));
  const validators = new Map();
  const problems = (pointer, value, what) => {
    if (!validators.has(pointer)) validators.set(pointer, ajv.compile({ $ref: `github${pointer}` }));
    const validate = validators.get(pointer);
    if (validate(value)) return [];
    return validate.errors.map((error) => `${what}${error.instancePath}: ${error.message}`);
  };
  return (exchange) => {
    const found = find(templates, description, exchange);
    const operation = found ? `${exchange.method} ${found.template}` : `${exchange.method} ${exchange.path}`;
    if (!found) return { operation, faults: ["GitHub has no such operation"] };
    const at = `#/paths/${escape(found.template)}/${exchange.method.toLowerCase()}`;
    const faults = [
      ...query(description, found.operation, exchange),
      ...body(found.operation, at, exchange, problems),
      ...answer(description, found.operation, at, exchange, problems),
    ];
    return { operation, faults };
  };
}

function matcher(template) {
  const parts = template.split("/").map((part) => {
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (name) return WITH_SLASHES.has(name) ? ".+" : "[^/]+";
    return part.replace(/\{[^}]+\}/g, "\u0000").replace(/[.*+?^$()|[\]\\]/g, "\\$&").replaceAll("\u0000", "[^/]+");
  });
  const literal = template.split("/").filter((part) => !part.includes("{")).length;
  return { pattern: new RegExp(`^${parts.join("/")}$`), literal };
}

// The template with the most literal segments is the one that GitHub's router takes.
function find(templates, description, { method, path }) {
  const plain = path.replace(/^\/api\/v3/, "");
  const fits = templates.filter(({ template, pattern }) =>
    pattern.test(plain) && description.paths[template][method.toLowerCase()]);
  fits.sort((a, b) => b.literal - a.literal);
  return fits[0] && { template: fits[0].template, operation: description.paths[fits[0].template][method.toLowerCase()] };
}

function query(description, operation, exchange) {
  const known = new Map((operation.parameters ?? []).map((parameter) => {
    const resolved = parameter.$ref ? resolve(description, parameter.$ref) : parameter;
    return [resolved.name, resolved];
  }).filter(([, parameter]) => parameter.in === "query"));
  const given = new URLSearchParams(exchange.query ?? "");
  const unknown = [...given.keys()].filter((name) => !known.has(name)).map((name) => `query: no parameter ${name}`);
  const odd = [...given].flatMap(([name, value]) => {
    const schema = known.get(name)?.schema ?? {};
    if (schema.enum && !schema.enum.includes(value)) return [`query: ${name}=${value} is none of ${schema.enum}`];
    if (schema.type === "integer" && !/^\d+$/.test(value)) return [`query: ${name}=${value} is no integer`];
    return [];
  });
  const missing = [...known.values()].filter((parameter) => parameter.required && !given.has(parameter.name));
  return [...unknown, ...odd, ...missing.map((parameter) => `query: ${parameter.name} is missing`)];
}

function body(operation, at, exchange, problems) {
  const json = operation.requestBody?.content?.["application/json"];
  // What the server refused for its form is the server's to tell.
  if (exchange.status === 422 || exchange.status === 400) return [];
  if (exchange.request === null || exchange.request === undefined) {
    return operation.requestBody?.required && json ? ["the request lacks its body"] : [];
  }
  if (!json) return ["the request has a body that GitHub does not know"];
  // A body that may be null has its properties one step further in.
  const { properties = {}, anyOf } = json.schema;
  const known = Object.keys(properties).length > 0 ? properties : anyOf?.[0]?.properties;
  const stray = Object.keys(exchange.request).filter((key) => known && !(key in known));
  return [
    ...stray.map((key) => `request: no property ${key}`),
    ...problems(`${at}/requestBody/content/application~1json/schema`, exchange.request, "request"),
  ];
}

function answer(description, operation, at, exchange, problems) {
  const status = String(exchange.status);
  const declared = operation.responses[status];
  if (!declared) {
    // Any call can be refused or fail in these ways; the description does not repeat them everywhere.
    const common = exchange.status === 401 || exchange.status === 403 || exchange.status === 404
      || exchange.status === 429 || exchange.status >= 500;
    if (!common) return [`GitHub does not answer with ${status} here`];
    return typeof exchange.response?.message === "string" || exchange.status >= 500 ? [] : ["an error lacks its message"];
  }
  const resolved = declared.$ref ? resolve(description, declared.$ref) : declared;
  const pointer = declared.$ref ?? `${at}/responses/${status}`;
  const type = Object.keys(resolved.content ?? {}).find((name) => /^application\/(.+\+)?json$/.test(name));
  const empty = exchange.response === null || exchange.response === undefined;
  if (!type) return empty || !resolved.content ? [] : ["the answer has a body that GitHub does not send"];
  if (empty) return ["the answer lacks its body"];
  return problems(`${pointer}/content/${escape(type)}/schema`, exchange.response, "answer");
}

function resolve(description, reference) {
  return reference.slice(2).split("/").reduce((node, part) => node[part.replaceAll("~1", "/").replaceAll("~0", "~")], description);
}

function escape(part) {
  // A pointer inside a reference is a fragment of an address, so braces are percent encoded.
  return encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
}

// In one place the description says that an account is a user and an enterprise at once. It is either, as said elsewhere.
function correct(description) {
  const listed = description.paths["/app/installations"].get.responses["200"].content["application/json"].schema;
  const { account } = listed.items.properties ?? {};
  if (account?.allOf) {
    account.anyOf = account.allOf;
    delete account.allOf;
  }
}

// OpenAPI 3.0 writes `nullable` where JSON Schema has the type null.
function nullable(node) {
  if (Array.isArray(node)) {
    node.forEach(nullable);
  } else if (node !== null && typeof node === "object") {
    Object.values(node).forEach(nullable);
    if (node.nullable === true) {
      const { nullable: _, ...rest } = node;
      Object.keys(node).forEach((key) => delete node[key]);
      node.anyOf = [rest, { type: "null" }];
      // Other parts of this check look at these.
      if (rest.properties) node.properties = {};
    }
  }
}
