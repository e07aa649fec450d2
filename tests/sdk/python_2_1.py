"""The Python SDK for version 2.1 of the API, unchanged, against a server."""

import os

from zcrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
from zcrmsdk.src.com.zoho.api.authenticator.store import FileStore
from zcrmsdk.src.com.zoho.crm.api import HeaderMap
from zcrmsdk.src.com.zoho.crm.api.bulk_write import (
    APIException, BulkWriteOperations, FieldMapping, FileBodyWrapper, RequestWrapper, Resource, UploadFileHeader,
)
from zcrmsdk.src.com.zoho.crm.api.dc import DataCenter
from zcrmsdk.src.com.zoho.crm.api.initializer import Initializer
from zcrmsdk.src.com.zoho.crm.api.modules import Module
from zcrmsdk.src.com.zoho.crm.api.user_signature import UserSignature
from zcrmsdk.src.com.zoho.crm.api.util import Choice, StreamWrapper

import driver
import shared


class PythonSdk(shared.BulkWrite):
    def connect(self, server, folder):
        Initializer.initialize(
            user=UserSignature(server.email),
            environment=DataCenter.Environment(server.base_url, server.token_url, server.base_url, "bulkwright"),
            token=OAuthToken(
                client_id=server.client_id, client_secret=server.client_secret, refresh_token=server.refresh_token),
            store=FileStore(os.path.join(folder, "tokens.csv")),
            resource_path=folder,
        )
        self.zgid = server.zgid

    def module(self, api_name):
        module = Module()
        module.set_api_name(api_name)
        return module

    def job_id(self, job_id):
        return int(job_id)


if __name__ == "__main__":
    driver.main(PythonSdk(
        operations=BulkWriteOperations, choice=Choice, stream=StreamWrapper, headers=HeaderMap,
        upload_header=UploadFileHeader, body=FileBodyWrapper, request=RequestWrapper, resource=Resource,
        mapping=FieldMapping, refusal=APIException,
    ))
