// Runs the checks with one of the vendor's JavaScript SDKs: finds the server, asks it whose credentials these are, counts.
//
//   node driver.mjs PACKAGE --modules FOLDER --base-url http://127.0.0.1:8080
//
// The package is one that is installed in the folder's node_modules.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { run } from "./checks.mjs";
import { Sdk } from "./sdk.mjs";

// The fixed credentials of `bulkwright dev`.
const DEV = {
  clientId: "1000.BULKWRIGHTDEV",
  clientSecret: "bulkwright-dev-secret",
  refreshToken: "1000.bulkwright-dev-refresh",
};
const DEV_ADMIN_SECRET = "bulkwright-dev-admin";

// Where `dev` sends consents to: any loopback address. Nobody listens there.
const REDIRECT_URL = "http://127.0.0.1:1/consented";
const SCOPES = "ZohoFiles.files.ALL,ZohoCRM.bulk.ALL,ZohoCRM.modules.ALL,ZohoCRM.org.READ,ZohoCRM.users.READ";

// Counts what held and what did not, and goes on.
class Outcome {
  passed = 0;
  failed = 0;

  equal(name, found, expected) {
    try {
      assert.deepEqual(found, expected);
      this.passed += 1;
      console.log(`ok ${name}`);
    } catch {
      this.failed += 1;
      console.log(`FAILED ${name}: found`, found, "expected", expected);
    }
  }

  that(name, holds, otherwise) {
    this.equal(name, holds ? true : otherwise, true);
  }

  // Whatever an SDK throws is a failed check, with its story.
  threw(error) {
    this.failed += 1;
    console.log(error);
  }
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { modules: { type: "string" }, "base-url": { type: "string" }, credentials: { type: "string" } },
  });
  const outcome = new Outcome();
  const folder = mkdtempSync(join(tmpdir(), "bulkwright-sdk-"));
  try {
    const server = await findServer(values);
    await run(await Sdk.load(positionals[0], values.modules), server, outcome, folder);
  } catch (error) {
    outcome.threw(error);
  }
  rmSync(folder, { recursive: true, force: true });
  console.log(`${outcome.passed} passed, ${outcome.failed} failed`);
  // The SDKs keep timers and connections, which would hold the process.
  process.exit(outcome.failed ? 1 : 0);
}

// The SDKs have to be told the organisation and the user's address.
async function findServer(options) {
  const known = options.credentials ? ofFile(options.credentials) : { ...DEV, baseUrl: options["base-url"] };
  const tokenUrl = `${known.baseUrl}/oauth/v2/token`;
  const body = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: known.clientId,
    client_secret: known.clientSecret,
    refresh_token: known.refreshToken,
  });
  const { access_token: token } = await (await fetch(tokenUrl, { method: "POST", body })).json();
  const get = async (path) =>
    (await fetch(known.baseUrl + path, { headers: { Authorization: `Zoho-oauthtoken ${token}` } })).json();
  const { org } = await get("/crm/v8/org");
  const { users } = await get("/crm/v8/users?type=CurrentUser");
  // Only `dev` has the recorded job, and a token without scopes.
  const isDev = known.refreshToken === DEV.refreshToken;
  const server = { ...known, tokenUrl, zgid: org[0].zgid, email: users[0].email, isDev, redirectUrl: REDIRECT_URL };
  return { ...server, consent: () => consent(server) };
}

// The code that the client gets once the user has said yes on the consent page of `dev`.
async function consent(server) {
  const body = new URLSearchParams({
    client_id: server.clientId,
    response_type: "code",
    access_type: "offline",
    redirect_uri: server.redirectUrl,
    scope: SCOPES,
    decision: "accept",
    email: server.email,
    secret: DEV_ADMIN_SECRET,
  });
  const answer = await fetch(`${server.baseUrl}/oauth/v2/auth`, { method: "POST", body, redirect: "manual" });
  return new URL(answer.headers.get("location")).searchParams.get("code");
}

function ofFile(path) {
  const known = JSON.parse(readFileSync(path, "utf8"));
  return {
    baseUrl: known.base_url.replace(/\/$/, ""),
    clientId: known.client_id,
    clientSecret: known.client_secret,
    refreshToken: known.refresh_token,
  };
}

await main();
