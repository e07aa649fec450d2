// Bulk write as the vendor's JavaScript SDKs spell it, by nothing but their public classes. They are alike but for how 2.1
// names the user, the module's class and a job's id.

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// An answer of 400 or more, as the SDK parsed it. Codes that an SDK does not know it takes for no API error.
export class Refused extends Error {
  constructor(answer, isApiError) {
    super(`${plain(answer.getStatus())} ${plain(answer.getCode())}: ${plain(answer.getMessage())}`);
    this.status = plain(answer.getStatus());
    this.code = plain(answer.getCode());
    this.details = answer.getDetails();
    this.isApiError = isApiError;
  }
}

export class Sdk {
  static async load(name, modules) {
    const entry = createRequire(join(modules, "package.json")).resolve(name);
    const loaded = await import(pathToFileURL(entry));
    // The TypeScript SDKs come as CommonJS.
    return new Sdk(name, loaded.BulkWrite ? loaded : loaded.default);
  }

  constructor(name, sdk) {
    this.sdk = sdk;
    this.version = Number(name.slice(name.lastIndexOf("-") + 1));
    this.isV2 = this.version < 3;
  }

  // It uses the access token, or gets one for the code, else for the server's refresh token.
  async connect(server, folder, { accessToken, code } = {}) {
    const token = new this.sdk.OAuthBuilder();
    if (accessToken) {
      token.accessToken(accessToken);
    } else if (code) {
      token.clientId(server.clientId).clientSecret(server.clientSecret).grantToken(code).redirectURL(server.redirectUrl);
    } else {
      token.clientId(server.clientId).clientSecret(server.clientSecret).refreshToken(server.refreshToken);
    }
    const { setEnvironment } = this.sdk.DataCenter;
    const start = await new this.sdk.InitializeBuilder();
    if (this.isV2) {
      start.user(new this.sdk.UserSignature(server.email));
    }
    await start
      .environment(setEnvironment(server.baseUrl, server.tokenUrl, server.baseUrl, "bulkwright"))
      .token(token.build())
      .store(new this.sdk.FileStore(join(folder, "tokens.txt")))
      .resourcePath(folder)
      .initialize();
  }

  // A header that is undefined is not sent.
  async upload(path, feature, org) {
    const { FileBodyWrapper, UploadFileHeader } = this.sdk.BulkWrite;
    const body = new FileBodyWrapper();
    body.setFile(new this.sdk.StreamWrapper(null, null, path));
    const headers = new this.sdk.HeaderMap();
    if (feature !== undefined) {
      await headers.add(UploadFileHeader.FEATURE, feature);
    }
    if (org !== undefined) {
      await headers.add(UploadFileHeader.X_CRM_ORG, org);
    }
    const answer = await this.answer(await this.operations().uploadFile(body, headers), 200);
    return { id: answer.getDetails().get("file_id"), code: plain(answer.getCode()) };
  }

  async create(job) {
    const { Resource, RequestWrapper } = this.sdk.BulkWrite;
    const resource = new Resource();
    resource.setType(new this.sdk.Choice("data"));
    resource.setModule(this.module(job.module));
    resource.setFileId(job.file_id);
    if (job.find_by) {
      resource.setFindBy(job.find_by);
    }
    resource.setFieldMappings(job.mappings.map((mapping) => this.mapping(...mapping)));
    const request = new RequestWrapper();
    request.setOperation(new this.sdk.Choice(job.operation));
    request.setResource([resource]);
    if (job.callback) {
      request.setCallback(this.callback(job.callback));
    }
    const answer = await this.answer(await this.operations().createBulkWriteJob(request), 201);
    return { id: answer.getDetails().get("id"), code: plain(answer.getCode()) };
  }

  async details(jobId) {
    const id = this.isV2 ? BigInt(jobId) : jobId;
    const job = await this.answer(await this.operations().getBulkWriteJobDetails(id), 200);
    const [resource] = job.getResource();
    const callback = job.getCallback();
    return {
      id: String(job.getId()),
      status: job.getStatus(),
      operation: job.getOperation(),
      module: resource.getModule().getAPIName(),
      created_by: { id: String(job.getCreatedBy().getId()), name: job.getCreatedBy().getName() },
      created_time: job.getCreatedTime(),
      character_encoding: job.getCharacterEncoding(),
      callback: callback ? { url: callback.getUrl(), method: plain(callback.getMethod()) } : undefined,
      mappings: resource.getFieldMappings().map((mapping) => [mapping.getAPIName(), mapping.getIndex()]),
      file: counts(resource.getFile()),
      download_url: job.getResult()?.getDownloadUrl(),
    };
  }

  // Answers the path of the file.
  async download(url, folder) {
    const answer = await this.answer(await this.operations().downloadBulkWriteResult(url), 200);
    const file = answer.getFile();
    const path = join(folder, file.getName());
    writeFileSync(path, file.getStream());
    return path;
  }

  // The field's values in the records that were found.
  async search(module, criteria, field) {
    const { RecordOperations, SearchRecordsParam } = this.isV2 ? this.sdk.Records : this.sdk.Record;
    const parameters = new this.sdk.ParameterMap();
    await parameters.add(SearchRecordsParam.CRITERIA, criteria);
    const asked = this.isV2
      ? new RecordOperations().searchRecords(module, parameters)
      : new RecordOperations(module).searchRecords(parameters);
    const answer = await this.answer(await asked, 200);
    return answer.getData().map((found) => found.getKeyValue(field));
  }

  // Layouts with their sections, and these with the API names of their fields.
  async layouts(module) {
    const answer = await this.answer(await this.askForLayouts(module), 200);
    const section = (found) => ({ name: found.getName(), fields: found.getFields().map((field) => field.getAPIName()) });
    return answer.getLayouts().map((found) => ({ name: found.getName(), sections: found.getSections().map(section) }));
  }

  async askForLayouts(module) {
    const { LayoutsOperations, GetLayoutsParam } = this.sdk.Layouts;
    if (this.isV2) {
      return new LayoutsOperations(module).getLayouts();
    }
    const parameters = new this.sdk.ParameterMap();
    await parameters.add(GetLayoutsParam.MODULE, module);
    return new LayoutsOperations().getLayouts(parameters);
  }

  operations() {
    return new this.sdk.BulkWrite.BulkWriteOperations();
  }

  module(apiName) {
    const module = this.isV2 ? new this.sdk.Modules.Module() : new this.sdk.Modules.MinifiedModule();
    module.setAPIName(apiName);
    return module;
  }

  mapping(apiName, index) {
    const mapping = new this.sdk.BulkWrite.FieldMapping();
    mapping.setAPIName(apiName);
    mapping.setIndex(index);
    return mapping;
  }

  callback(url) {
    const callback = new this.sdk.BulkWrite.CallBack();
    callback.setUrl(url);
    callback.setMethod(new this.sdk.Choice("post"));
    return callback;
  }

  // The object that the SDK made of an answer, or the refusal that it read.
  async answer(response, statusCode) {
    // A download's object is still a promise in the Node SDK.
    const answer = await response.getObject();
    if (response.getStatusCode() >= 400) {
      throw new Refused(answer, answer instanceof this.sdk.BulkWrite.APIException);
    }
    if (response.getStatusCode() !== statusCode) {
      throw new Error(`status ${response.getStatusCode()}, expected ${statusCode}`);
    }
    return answer;
  }
}

function counts(file) {
  return {
    status: plain(file.getStatus()),
    name: file.getName(),
    added_count: file.getAddedCount(),
    skipped_count: file.getSkippedCount(),
    updated_count: file.getUpdatedCount(),
    total_count: file.getTotalCount(),
  };
}

function plain(choice) {
  return typeof choice?.getValue === "function" ? choice.getValue() : choice;
}
