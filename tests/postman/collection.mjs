// Makes tests/postman/job-details.postman_collection.json: the API's own Postman item "Job Details" as it is, and a request for
// each of its six saved examples, all with tests that compare the answer with what was saved.
//
//   node tests/postman/collection.mjs           writes it again
//
// The item is tests/postman/job-details.postman_item.json, unchanged: the primary evidence of what the wire looks like.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ITEM = new URL("./job-details.postman_item.json", import.meta.url);
export const COLLECTION = new URL("./job-details.postman_collection.json", import.meta.url);

// Which token an example was recorded with, where that is not the one with all scopes.
const AUTH = {
  AUTHENTICATION_FAILURE: { type: "noauth" },
  OAUTH_SCOPE_MISMATCH: bearer("{{access-token-without-bulk}}"),
};

// The fixed things of `bulkwright dev`. An environment of the same names comes before them.
const VARIABLES = {
  "api-domain": "http://127.0.0.1:8080",
  "access-token": "1000.bulkwright-dev-access",
  "access-token-without-bulk": "1000.bulkwright-dev-noscope",
  job_id: "4150868000005350003",
};

// Runs after every request of the collection; `saved` is what prepare() put there.
const COMPARE = String.raw`
const saved = JSON.parse(pm.variables.get("saved"));
// Values of the moment.
const notCompared = ["date", "x-accesstoken-reset"];

pm.test("status " + saved.code, () => pm.response.to.have.status(saved.code));

pm.test("headers as saved", () => {
    for (const { key, value } of saved.header) {
        pm.expect(pm.response.headers.has(key), key).to.equal(true);
        if (!notCompared.includes(key.toLowerCase())) {
            pm.expect(pm.response.headers.get(key), key).to.equal(value);
        }
    }
});

pm.test("no other headers", () => {
    const known = saved.header.map(({ key }) => key.toLowerCase());
    const others = pm.response.headers.map(({ key }) => key.toLowerCase())
        .filter((key) => !known.includes(key) && !key.startsWith("bulkwright-"));
    pm.expect(others).to.deep.equal([]);
});

pm.test("body as saved, keys in the same order", () => {
    // Postman saves JSON printed anew. The gateway ends its answers, which have a length, with a line feed.
    const compact = JSON.stringify(JSON.parse(saved.body));
    const ending = pm.response.headers.has("Content-Length") ? "\n" : "";
    pm.expect(pm.response.text()).to.equal(compact + ending);
});
`;

export function collection() {
  const item = JSON.parse(readFileSync(ITEM, "utf8"));
  const [success] = item.response;
  return {
    info: {
      name: "Bulk write job details",
      description:
        "Made by tests/postman/collection.mjs of Bulkwright from tests/postman/job-details.postman_item.json: the item as it is, " +
        "and its six saved examples as requests whose tests compare the answer with what was saved. The variables fit " +
        "`bulkwright dev`; an environment can set others.",
      schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    item: [
      { ...item, event: [prepare(success)] },
      { name: "Saved examples", item: item.response.map(asRequest) },
    ],
    event: [script("test", COMPARE)],
    variable: Object.entries(VARIABLES).map(([key, value]) => ({ key, value, type: "string" })),
  };
}

function asRequest(saved) {
  const auth = AUTH[saved.name] ?? bearer("{{access-token}}");
  return { name: saved.name, event: [prepare(saved)], request: { auth, ...saved.originalRequest }, response: [saved] };
}

function prepare({ code, header, body }) {
  return script("prerequest", `pm.variables.set("saved", ${JSON.stringify(JSON.stringify({ code, header, body }))});`);
}

function script(listen, source) {
  return { listen, script: { type: "text/javascript", exec: source.trim().split("\n") } };
}

function bearer(value) {
  return { type: "bearer", bearer: [{ key: "token", value, type: "string" }] };
}

export function printed() {
  return `${JSON.stringify(collection(), null, 1)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(COLLECTION, printed());
}
