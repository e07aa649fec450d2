// Runs the collection with newman, and counts. The server and its tokens come from the environment.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { COLLECTION, printed } from "./collection.mjs";

const newman = createRequire(join(process.argv[2], "package.json"))("newman");

// What the environment says beside what the collection knows of `bulkwright dev`.
const variables = {
  "api-domain": process.env.BULKWRIGHT_BASE_URL,
  "access-token": process.env.BULKWRIGHT_TOKEN,
  "access-token-without-bulk": process.env.BULKWRIGHT_TOKEN_WITHOUT_BULK,
};

let passed = 0;
let failed = 0;
function count(name, error) {
  if (error) {
    failed += 1;
    console.log(`FAILED ${name}: ${error.message}`);
  } else {
    passed += 1;
    console.log(`ok ${name}`);
  }
}

const isCurrent = readFileSync(COLLECTION, "utf8") === printed();
count("the collection is what collection.mjs makes", isCurrent ? null : new Error("run node tests/postman/collection.mjs"));

const options = {
  collection: fileURLToPath(COLLECTION),
  envVar: Object.entries(variables).filter(([, value]) => value).map(([key, value]) => ({ key, value })),
  timeoutRequest: 10_000,
};
newman
  .run(options)
  .on("request", (error, { item }) => error && count(`${item.name}: request`, error))
  .on("script", (error, { item }) => error && count(`${item.name}: script`, error))
  .on("assertion", (error, { item, assertion }) => count(`${item.name}: ${assertion}`, error))
  .on("done", (error, summary) => {
    const { requests, assertions } = summary?.run.stats ?? {};
    const isWhole = requests?.total === 7 && assertions?.total === 7 * 4;
    count("the item and its six examples were compared", error ?? (isWhole ? null : new Error("not all of them")));
    console.log(`${passed} passed, ${failed} failed`);
    process.exitCode = failed ? 1 : 0;
  });
