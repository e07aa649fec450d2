"""The Python SDKs for versions 5 to 8 of the API, unchanged, against a server."""

import driver
from bulk_write import BulkWrite


class Sdk(BulkWrite):
    def __init__(self, version):
        super().__init__("zohocrmsdk", version)
        # 5.0 is in some things still like those before it.
        self.is_5 = version == "5.0"

    def initialize(self, server, **common):
        name = ["bulkwright"] if self.is_5 else []
        environment = self.load("dc").DataCenter.Environment
        self.load("initializer").Initializer.initialize(
            environment=environment(server.base_url, server.token_url, server.base_url, *name), **common)

    def module(self, api_name):
        module = self.load("modules").MinifiedModule()
        module.set_api_name(api_name)
        return module

    def ask_for_records(self, record, module, parameters):
        if self.is_5:
            return record.RecordOperations().search_records(module, parameters)
        return record.RecordOperations(module).search_records(parameters)

    def ask_for_layouts(self, layouts, module):
        parameters = self.load("parameter_map").ParameterMap()
        parameters.add(layouts.GetLayoutsParam.module, module)
        return layouts.LayoutsOperations().get_layouts(parameters)


if __name__ == "__main__":
    driver.main(Sdk)
