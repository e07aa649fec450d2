"""Bulk write as all of the vendor's Python SDKs spell it. Only connecting and naming a module differ between them."""

import os
from types import SimpleNamespace

from driver import Counts, Details, Refused


class BulkWrite:
    def __init__(self, **classes):
        self.sdk = SimpleNamespace(**classes)
        self.zgid = None

    def upload(self, path):
        body = self.sdk.body()
        body.set_file(self.sdk.stream(file_path=path))
        headers = self.sdk.headers()
        headers.add(self.sdk.upload_header.feature, "bulk-write")
        headers.add(self.sdk.upload_header.x_crm_org, self.zgid)
        answer = self.answer(self.sdk.operations().upload_file(body, headers), 200)
        return answer.get_details()["file_id"], answer.get_code().get_value()

    def create(self, operation, file_id, find_by, mappings):
        resource = self.sdk.resource()
        resource.set_type(self.sdk.choice("data"))
        resource.set_module(self.module("Leads"))
        resource.set_file_id(file_id)
        resource.set_find_by(find_by)
        resource.set_field_mappings([self.mapping(*mapping) for mapping in mappings])
        request = self.sdk.request()
        request.set_operation(self.sdk.choice(operation))
        request.set_resource([resource])
        answer = self.answer(self.sdk.operations().create_bulk_write_job(request), 201)
        return answer.get_details()["id"], answer.get_code().get_value()

    def details(self, job_id):
        job = self.answer(self.sdk.operations().get_bulk_write_job_details(self.job_id(job_id)), 200)
        (resource,) = job.get_resource()
        result = job.get_result()
        return Details(
            id=job.get_id(),
            status=job.get_status(),
            operation=job.get_operation(),
            module=resource.get_module().get_api_name(),
            created_by=job.get_created_by().get_name(),
            created_time=job.get_created_time(),
            mappings=[(mapping.get_api_name(), mapping.get_index()) for mapping in resource.get_field_mappings()],
            file=self.counts(resource.get_file()),
            download_url=result.get_download_url() if result else None,
        )

    def download(self, url, folder):
        answer = self.answer(self.sdk.operations().download_bulk_write_result(url), 200)
        file = answer.get_file()
        path = os.path.join(folder, file.get_name())
        with open(path, "wb") as out:
            for part in file.get_stream():
                out.write(part)
        return path

    def job_id(self, job_id):
        return job_id

    def mapping(self, api_name, index):
        mapping = self.sdk.mapping()
        mapping.set_api_name(api_name)
        mapping.set_index(index)
        return mapping

    def counts(self, file):
        status = file.get_status()
        return Counts(
            status=status.get_value() if status else None,
            name=file.get_name(),
            added=file.get_added_count(),
            updated=file.get_updated_count(),
            skipped=file.get_skipped_count(),
            total=file.get_total_count(),
        )

    def answer(self, response, status_code):
        """The object that the SDK made of an answer, or the refusal that it read."""
        if response is None:
            raise AssertionError("the SDK found no answer at all")
        answer = response.get_object()
        if isinstance(answer, self.sdk.refusal):
            value = lambda choice: choice.get_value() if hasattr(choice, "get_value") else choice
            raise Refused(value(answer.get_status()), value(answer.get_code()), value(answer.get_message()),
                          answer.get_details())
        if response.get_status_code() != status_code:
            raise AssertionError("status %s, expected %s" % (response.get_status_code(), status_code))
        return answer
