// What every SDK has to be able to do with a server: the checks of ../python/checks.py, on the same cases.

import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Refused } from "./sdk.mjs";

const POLL_MILLISECONDS = 20;
const FINISH_MILLISECONDS = 60_000;
const RECORDED_JOB = "4150868000005350003";
const UNKNOWN_JOB = "999999999999999999";

const readJson = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));

export async function run(sdk, server, outcome, folder) {
  const cases = casesOf(sdk.version);
  // Addresses of this run only, so that the checks hold on a server that has seen others.
  const tag = randomUUID().slice(0, 8);
  const path = writeZip(folder, `leads-${tag}`, cases.file, tag);
  if (server.isDev) {
    await consentChecks(sdk, outcome, server, folder);
  }
  await sdk.connect(server, folder);

  const job = { ...cases.job, file_id: await uploadChecks(sdk, outcome, path, server) };
  const results = [];
  for (const { operation, verdicts } of cases.runs) {
    results.push(await jobChecks(sdk, outcome, { ...job, operation }, verdicts, cases, folder));
  }
  outcome.equal("the later jobs met the inserted records", results.map(recordIds), results.map(() => recordIds(results[0])));

  await refusalChecks(sdk, outcome, cases, job, path, server, folder);
  await searchChecks(sdk, outcome, cases.search, job.module, tag);
  await layoutChecks(sdk, outcome, cases.layout, job.module);
  if (server.isDev) {
    await recordedJobChecks(sdk, outcome, folder);
    await tokenChecks(sdk, outcome, cases, server, folder);
  }
}

// What older versions of the API answer differs in codes that are younger than they are.
function casesOf(version) {
  const cases = readJson("../cases.json");
  const asTold = (item) => (version < 8 ? { ...item, ...item.before_8 } : item);
  return { ...cases, refused_uploads: cases.refused_uploads.map(asTold), refused_jobs: cases.refused_jobs.map(asTold) };
}

async function uploadChecks(sdk, outcome, path, server) {
  const { id, code } = await sdk.upload(path, "bulk-write", server.zgid);
  outcome.equal("upload answers FILE_UPLOAD_SUCCESS", code, "FILE_UPLOAD_SUCCESS");
  outcome.that("file_id is a number in 64 bits", isId(id), id);
  return String(id);
}

async function jobChecks(sdk, outcome, job, verdicts, cases, folder) {
  const { operation } = job;
  const { id, code } = await sdk.create(job);
  outcome.equal(`${operation}: create answers SUCCESS`, code, "SUCCESS");
  outcome.that(`${operation}: the job's id is a number in 64 bits`, isId(id), id);
  const details = await finished(sdk, String(id));
  detailChecks(outcome, job, String(id), details, verdicts);
  const result = readResult(await sdk.download(details.download_url, folder));
  outcome.equal(`${operation}: the result has three columns and the verdict`, result[0], cases.result.header);
  outcome.equal(`${operation}: every row has its verdict`, result.slice(1).map((row) => row[3]), verdicts);
  outcome.equal(`${operation}: the result says why`, result.at(-1)[5], cases.result.error_of_the_last_row);
  outcome.that(`${operation}: written rows have an id`, recordIds(result).every(isId), recordIds(result));
  // The form without a host, to which SDKs prepend a slash of their own, so that it arrives with two.
  const relative = new URL(details.download_url).pathname;
  outcome.equal(`${operation}: the link works without its host`, readResult(await sdk.download(relative, folder)), result);
  return result;
}

function detailChecks(outcome, job, id, details, verdicts) {
  const { operation } = job;
  const count = (verdict) => verdicts.filter((found) => found === verdict).length;
  outcome.equal(`${operation}: the job is COMPLETED`, details.status, "COMPLETED");
  outcome.equal(`${operation}: details are of this job`, details.id, id);
  outcome.equal(`${operation}: details name the operation`, details.operation, operation);
  outcome.equal(`${operation}: details name the module`, details.module, job.module);
  outcome.that(`${operation}: details name the creator`, details.created_by.id && details.created_by.name, details);
  outcome.that(`${operation}: created_time is a time`, details.created_time > new Date(0), details.created_time);
  outcome.equal(`${operation}: the mappings are echoed`, details.mappings, job.mappings);
  const { added_count: added, updated_count: updated, skipped_count: skipped, total_count: total } = details.file;
  const expected = [count("ADDED"), count("UPDATED"), count("SKIPPED"), verdicts.length];
  outcome.equal(`${operation}: the counts add up`, [added, updated, skipped, total], expected);
  outcome.equal(`${operation}: the file is COMPLETED`, details.file.status, "COMPLETED");
}

async function refusalChecks(sdk, outcome, cases, job, path, server, folder) {
  const noZip = join(folder, "no.zip");
  writeFileSync(noZip, "Last_Name\nThis is no zip\n");
  for (const item of cases.refused_uploads) {
    const { feature, org } = item.headers ?? { feature: "bulk-write", org: "own" };
    const file = item.zip === false ? noZip : path;
    await refused(outcome, item, () => sdk.upload(file, feature, org === "own" ? server.zgid : org));
  }
  for (const item of cases.refused_jobs) {
    await refused(outcome, item, () => sdk.create({ ...job, ...item.change }));
  }
  const notFound = { name: "an unknown job", code: "RESOURCE_NOT_FOUND" };
  await refused(outcome, notFound, () => sdk.details(UNKNOWN_JOB));
  const link = `/v2/crm/${server.zgid}/bulk-write/${UNKNOWN_JOB}/${UNKNOWN_JOB}.zip`;
  const noResult = { name: "the result of an unknown job", code: "RESOURCE_NOT_FOUND" };
  await refused(outcome, noResult, () => sdk.download(link, folder));
}

// The job of the recording, read through the SDK, says what the recording says.
async function recordedJobChecks(sdk, outcome, folder) {
  const recorded = JSON.parse(readJson("../../../contract/job-details/success.json").response.body);
  const [resource] = recorded.resource;
  const details = await sdk.details(recorded.id);
  for (const key of ["status", "operation", "character_encoding", "id", "created_by", "callback"]) {
    outcome.equal(`recorded job: ${key}`, details[key], recorded[key]);
  }
  outcome.equal("recorded job: module", details.module, resource.module.api_name);
  outcome.equal("recorded job: created_time", details.created_time, new Date(recorded.created_time));
  const mappings = resource.field_mappings.map((mapping) => [mapping.api_name, mapping.index]);
  outcome.equal("recorded job: mappings", details.mappings, mappings);
  outcome.equal("recorded job: file", details.file, resource.file);
  outcome.equal("recorded job: link", details.download_url, recorded.result.download_url);
  // The link leads to the vendor; its path leads here.
  const result = readResult(await sdk.download(new URL(details.download_url).pathname, folder));
  outcome.equal("recorded job: a result for every row", result.length - 1, resource.file.total_count);
}

async function searchChecks(sdk, outcome, { criteria, field, found }, module, tag) {
  const names = await sdk.search(module, criteria.replaceAll("{tag}", tag), field);
  outcome.equal("criteria find the records that were written", names, found);
}

async function layoutChecks(sdk, outcome, expected, module) {
  const layouts = await sdk.layouts(module);
  outcome.equal("the module has one layout", layouts.map(({ name }) => name), [expected.name]);
  const [{ sections }] = layouts;
  outcome.equal("the layout has its sections", sections.map(({ name }) => name), expected.sections);
  outcome.equal("a section has its fields", sections[1].fields, expected.fields_of_the_second);
}

// A client that has nothing yet but a user's consent. The first of all: the Node SDK takes a code only then.
async function consentChecks(sdk, outcome, server, folder) {
  await sdk.connect(server, folder, { code: await server.consent() });
  const { id } = await sdk.details(RECORDED_JOB);
  outcome.equal("a code opens what the user has agreed to", id, RECORDED_JOB);
}

async function tokenChecks(sdk, outcome, cases, server, folder) {
  for (const item of cases.refused_tokens) {
    await sdk.connect(server, folder, { accessToken: item.token });
    await refused(outcome, item, () => sdk.details(UNKNOWN_JOB));
  }
}

async function refused(outcome, { name, code, known_to_sdks: isKnown = true }, call) {
  try {
    const answer = await call();
    outcome.that(`${name} is refused`, false, answer);
  } catch (error) {
    if (!(error instanceof Refused)) {
      outcome.threw(error);
      return;
    }
    outcome.equal(`${name} is refused`, error.code, code);
    outcome.equal(`${name} has the status error`, error.status, "error");
    outcome.equal(`${name} is an API error`, error.isApiError, isKnown);
    outcome.that(`${name} has details`, error.details instanceof Map, error.details);
  }
}

async function finished(sdk, jobId) {
  const deadline = Date.now() + FINISH_MILLISECONDS;
  for (;;) {
    const details = await sdk.details(jobId);
    if (["COMPLETED", "FAILED", "SKIPPED"].includes(details.status)) {
      return details;
    }
    if (Date.now() > deadline) {
      throw new Error(`job ${jobId} is still ${details.status} after ${FINISH_MILLISECONDS} ms`);
    }
    await sleep(POLL_MILLISECONDS);
  }
}

// Node has no zip of its own, Python has.
function writeZip(folder, name, { header, rows }, tag) {
  const cell = (text) => `"${text.replace("{tag}", tag).replaceAll('"', '""')}"`;
  const csv = [header, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
  writeFileSync(join(folder, `${name}.csv`), csv);
  execFileSync("python3", ["-m", "zipfile", "-c", join(folder, `${name}.zip`), join(folder, `${name}.csv`)]);
  return join(folder, `${name}.zip`);
}

const READ_CSV_IN_ZIP = `
import csv, io, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    (name,) = archive.namelist()
    text = archive.read(name).decode("utf-8")
print(json.dumps(list(csv.reader(io.StringIO(text, newline="")))))`;

function readResult(path) {
  return JSON.parse(execFileSync("python3", ["-c", READ_CSV_IN_ZIP, path], { encoding: "utf8" }));
}

// The ids of the rows that were written.
function recordIds(result) {
  return result.slice(1).filter((row) => row[3] !== "SKIPPED").map((row) => row[4]);
}

function isId(value) {
  return /^[1-9][0-9]*$/.test(String(value)) && BigInt(value) < 2n ** 63n;
}
