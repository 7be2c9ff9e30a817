// Checks a GraphQL exchange against GitHub's schema: the document, its variables, and the shape of the answer.
import { isDeepStrictEqual } from "node:util";

import { schema as github } from "@octokit/graphql-schema";
import { Kind, buildSchema, executeSync, getVariableValues, parse, validate } from "graphql";

const schema = buildSchema(github.idl, { assumeValidSDL: true });

export function checkGraphql({ method, request, status, response }) {
  const operation = name(request);
  if (method !== "POST") return { operation, faults: ["GraphQL is asked by POST"] };
  if (status !== 200) {
    const told = typeof response?.message === "string" || status >= 500;
    return { operation, faults: told ? [] : ["an error lacks its message"] };
  }
  let document;
  try {
    document = parse(request.query);
  } catch (error) {
    return { operation, faults: [`query: ${error.message}`] };
  }
  const faults = validate(schema, document).map((error) => `query: ${error.message}`);
  if (faults.length > 0) return { operation, faults };
  const definition = document.definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION);
  const variables = getVariableValues(schema, definition.variableDefinitions ?? [], request.variables ?? {});
  faults.push(...(variables.errors ?? []).map((error) => `variables: ${error.message}`));
  const declared = new Set((definition.variableDefinitions ?? []).map((each) => each.variable.name.value));
  const stray = Object.keys(request.variables ?? {}).filter((key) => !declared.has(key));
  faults.push(...stray.map((key) => `variables: ${key} is not declared`));
  if (faults.length === 0) faults.push(...answer(document, request, response));
  return { operation, faults };
}

// The answer is executed like a source of data: what is missing or of another type comes out as an error.
function answer(document, request, response) {
  if (!response || !("data" in response || "errors" in response)) return ["answer: neither data nor errors"];
  if (!response.data || response.errors) return [];
  const result = executeSync({
    schema,
    document,
    variableValues: request.variables,
    rootValue: response.data,
    fieldResolver: (source, _args, _context, info) => source[info.path.key],
    typeResolver: (value, _context, _info, abstract) => {
      if (value.__typename) return value.__typename;
      const fits = schema.getPossibleTypes(abstract).filter((type) => Object.keys(value).every((key) => key in type.getFields()));
      return fits[0]?.name;
    },
  });
  const faults = (result.errors ?? []).map((error) => `answer: ${error.path?.join(".")}: ${error.message}`);
  const same = isDeepStrictEqual(JSON.parse(JSON.stringify(result.data ?? null)), response.data);
  return same || faults.length > 0 ? faults : ["answer: it holds more than was asked for, or less"];
}

function name(request) {
  try {
    const definition = parse(request.query).definitions[0];
    const fields = definition.selectionSet.selections.map((each) => each.name?.value).filter(Boolean);
    return `${definition.operation} ${[...new Set(fields)].join(", ")}`;
  } catch {
    return "GraphQL";
  }
}
