"""Bulk write as all of the vendor's Python SDKs spell it. Connecting, and naming a module, differ between them."""

import importlib
import os

from driver import REDIRECT_URL, Counts, Details, Refused


class BulkWrite:
    def __init__(self, package, version):
        self.version = float(version)
        self.api = package + ".src.com.zoho.crm.api."
        self.authenticator = package + ".src.com.zoho.api.authenticator."
        self.bulk_write = self.load("bulk_write")
        self.util = self.load("util")

    def load(self, module):
        return importlib.import_module(self.api + module)

    def connect(self, server, folder, access_token=None, code=None):
        token_class = importlib.import_module(self.authenticator + "oauth_token").OAuthToken
        store_class = importlib.import_module(self.authenticator + "store").FileStore
        if access_token:
            token = token_class(access_token=access_token)
        elif code:
            token = token_class(client_id=server.client_id, client_secret=server.client_secret, grant_token=code,
                                redirect_url=REDIRECT_URL)
        else:
            token = token_class(client_id=server.client_id, client_secret=server.client_secret,
                                refresh_token=server.refresh_token)
        # One file for every connection: when they are initialised anew, SDKs still save into the store they had.
        store = store_class(os.path.join(folder, "tokens.csv"))
        self.initialize(server, token=token, store=store, resource_path=folder)

    def upload(self, path, feature, org):
        body = self.bulk_write.FileBodyWrapper()
        body.set_file(self.util.StreamWrapper(file_path=path))
        headers = self.load("header_map").HeaderMap()
        for header, value in ((self.bulk_write.UploadFileHeader.feature, feature),
                              (self.bulk_write.UploadFileHeader.x_crm_org, org)):
            if value is not None:
                headers.add(header, value)
        answer = self.answer(self.bulk_write.BulkWriteOperations().upload_file(body, headers), 200)
        return answer.get_details()["file_id"], answer.get_code().get_value()

    def create(self, job):
        resource = self.bulk_write.Resource()
        resource.set_type(self.util.Choice("data"))
        resource.set_module(self.module(job["module"]))
        resource.set_file_id(job["file_id"])
        if job["find_by"]:
            resource.set_find_by(job["find_by"])
        resource.set_field_mappings([self.mapping(*mapping) for mapping in job["mappings"]])
        request = self.bulk_write.RequestWrapper()
        request.set_operation(self.util.Choice(job["operation"]))
        request.set_resource([resource])
        if "callback" in job:
            request.set_callback(self.callback(job["callback"]))
        answer = self.answer(self.bulk_write.BulkWriteOperations().create_bulk_write_job(request), 201)
        return answer.get_details()["id"], answer.get_code().get_value()

    def details(self, job_id):
        operations = self.bulk_write.BulkWriteOperations()
        job = self.answer(operations.get_bulk_write_job_details(self.job_id(job_id)), 200)
        (resource,) = job.get_resource()
        result, callback, created_by = job.get_result(), job.get_callback(), job.get_created_by()
        return Details(
            id=job.get_id(),
            status=job.get_status(),
            operation=job.get_operation(),
            module=self.module_name(resource.get_module()),
            created_by=(str(created_by.get_id()), created_by.get_name()),
            created_time=job.get_created_time(),
            character_encoding=job.get_character_encoding(),
            callback=(callback.get_url(), plain(callback.get_method())) if callback else None,
            mappings=[(mapping.get_api_name(), mapping.get_index()) for mapping in resource.get_field_mappings()],
            file=counts(resource.get_file()),
            download_url=result.get_download_url() if result else None,
        )

    def download(self, url, folder):
        answer = self.answer(self.bulk_write.BulkWriteOperations().download_bulk_write_result(url), 200)
        file = answer.get_file()
        path = os.path.join(folder, file.get_name())
        with open(path, "wb") as out:
            for part in file.get_stream():
                out.write(part)
        return path

    def search(self, module, criteria, field):
        record = self.load("record")
        parameters = self.load("parameter_map").ParameterMap()
        parameters.add(record.SearchRecordsParam.criteria, criteria)
        answer = self.answer(self.ask_for_records(record, module, parameters), 200)
        return [found.get_key_value(field) for found in answer.get_data()]

    def layouts(self, module):
        answer = self.answer(self.ask_for_layouts(self.load("layouts"), module), 200)
        return [(layout.get_name(), [(section.get_name(), [field.get_api_name() for field in section.get_fields()])
                                     for section in layout.get_sections()])
                for layout in answer.get_layouts()]

    def job_id(self, job_id):
        return job_id

    def module_name(self, module):
        return module.get_api_name()

    def mapping(self, api_name, index):
        mapping = self.bulk_write.FieldMapping()
        mapping.set_api_name(api_name)
        mapping.set_index(index)
        return mapping

    def callback(self, url):
        callback = self.bulk_write.CallBack()
        callback.set_url(url)
        callback.set_method(self.util.Choice("post"))
        return callback

    def answer(self, response, status_code):
        """The object that the SDK made of an answer, or the refusal that it read."""
        if response is None:
            raise AssertionError("the SDK found no answer at all")
        answer = response.get_object()
        if response.get_status_code() >= 400:
            raise Refused(plain(answer.get_status()), plain(answer.get_code()), plain(answer.get_message()),
                          answer.get_details(), isinstance(answer, self.bulk_write.APIException))
        if response.get_status_code() != status_code:
            raise AssertionError("status %s, expected %s" % (response.get_status_code(), status_code))
        return answer


def counts(file):
    return Counts(
        status=plain(file.get_status()),
        name=file.get_name(),
        added=file.get_added_count(),
        updated=file.get_updated_count(),
        skipped=file.get_skipped_count(),
        total=file.get_total_count(),
    )


def plain(choice):
    return choice.get_value() if hasattr(choice, "get_value") else choice
