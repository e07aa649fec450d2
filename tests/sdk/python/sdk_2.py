"""The Python SDKs for versions 2.0 and 2.1 of the API, unchanged, against a server."""

import driver
from bulk_write import BulkWrite


class Sdk(BulkWrite):
    def __init__(self, version):
        super().__init__("zcrmsdk", version)
        # In 2.0 a module is its bare name, from 2.1 on an object.
        self.module_is_plain = version == "2.0"

    def initialize(self, server, **common):
        environment = self.load("dc").DataCenter.Environment
        self.load("initializer").Initializer.initialize(
            user=self.load("user_signature").UserSignature(server.email),
            environment=environment(server.base_url, server.token_url, server.base_url, "bulkwright"),
            **common,
        )

    def module(self, api_name):
        if self.module_is_plain:
            return api_name
        module = self.load("modules").Module()
        module.set_api_name(api_name)
        return module

    def module_name(self, module):
        return module if self.module_is_plain else module.get_api_name()

    def ask_for_records(self, record, module, parameters):
        return record.RecordOperations().search_records(module, parameters)

    def ask_for_layouts(self, layouts, module):
        return layouts.LayoutsOperations(module).get_layouts()

    def job_id(self, job_id):
        return int(job_id)


if __name__ == "__main__":
    driver.main(Sdk)
