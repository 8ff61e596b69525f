"""A service of Envoy's external authorization API, with grpcio. Its messages are described here, as far as tests use them, with the
numbers of Envoy's published files; `protobuf` makes classes of them, so no code is generated."""

from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from .ports import free_port

STRING, INT32, UINT32, INT64, BOOL, BYTES = 9, 5, 13, 3, 8, 12
PACKAGE = "envoy.service.auth.v3"

#: message -> fields: (number, name, type or message, repeated)
MESSAGES = {
    "BoolValue": [(1, "value", BOOL)],
    "HeaderValue": [(1, "key", STRING), (2, "value", STRING)],
    "HeaderValueOption": [(1, "header", "HeaderValue"), (2, "append", "BoolValue"), (3, "append_action", INT32), (4, "keep_empty_value", BOOL)],
    "SocketAddress": [(1, "protocol", INT32), (2, "address", STRING), (3, "port_value", UINT32)],
    "Address": [(1, "socket_address", "SocketAddress")],
    "Entry": [(1, "key", STRING), (2, "value", STRING)],
    "Peer": [(1, "address", "Address"), (2, "service", STRING), (4, "principal", STRING)],
    "Timestamp": [(1, "seconds", INT64), (2, "nanos", INT32)],
    "HttpRequest": [
        (1, "id", STRING), (2, "method", STRING), (3, "headers", "Entry", True), (4, "path", STRING), (5, "host", STRING), (6, "scheme", STRING),
        (9, "size", INT64), (10, "protocol", STRING), (11, "body", STRING), (12, "raw_body", BYTES),
    ],
    "Request": [(1, "time", "Timestamp"), (2, "http", "HttpRequest")],
    "AttributeContext": [(1, "source", "Peer"), (2, "destination", "Peer"), (4, "request", "Request"), (10, "context_extensions", "Entry", True)],
    "CheckRequest": [(1, "attributes", "AttributeContext")],
    "Status": [(1, "code", INT32), (2, "message", STRING)],
    "HttpStatus": [(1, "code", INT32)],
    "DeniedHttpResponse": [(1, "status", "HttpStatus"), (2, "headers", "HeaderValueOption", True), (3, "body", STRING)],
    "OkHttpResponse": [
        (2, "headers", "HeaderValueOption", True), (5, "headers_to_remove", STRING, True), (6, "response_headers_to_add", "HeaderValueOption", True),
    ],
    "CheckResponse": [(1, "status", "Status"), (2, "denied_response", "DeniedHttpResponse"), (3, "ok_response", "OkHttpResponse")],
}


def _classes():
    file = descriptor_pb2.FileDescriptorProto(name="external_auth_for_tests.proto", package=PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, field, kind, *repeated in fields:
            added = message.field.add(name=field, number=number, label=3 if repeated else 1)
            if isinstance(kind, str):
                added.type, added.type_name = 11, f".{PACKAGE}.{kind}"
            else:
                added.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in MESSAGES}


TYPES = _classes()


def option(name, value, append=None, action=0):
    """A header value option."""
    made = TYPES["HeaderValueOption"](header=TYPES["HeaderValue"](key=name, value=value), append_action=action)
    if append is not None:
        made.append.value = append
        made.append.SetInParent()
    return made


def allowed(headers=(), remove=(), response=()):
    answer = TYPES["CheckResponse"]()
    answer.ok_response.headers.extend(headers)
    answer.ok_response.headers_to_remove.extend(remove)
    answer.ok_response.response_headers_to_add.extend(response)
    return answer


def denied(status=0, headers=(), body="", code=7):
    answer = TYPES["CheckResponse"](status=TYPES["Status"](code=code))
    answer.denied_response.status.code = status
    answer.denied_response.headers.extend(headers)
    answer.denied_response.body = body
    return answer


class AuthorizationService:
    """Use as a context manager. `decide(http, attributes, context)` answers; `calls` has what was asked."""

    def __init__(self, decide, credentials=None):
        self.calls = []
        self.metadata = []
        self.port = free_port()
        self.server = grpc.server(futures.ThreadPoolExecutor(8))

        def check(request, context):
            self.calls.append(request.attributes)
            self.metadata.append((dict(context.invocation_metadata()), context.time_remaining()))
            return decide(request.attributes.request.http, request.attributes, context)

        method = grpc.unary_unary_rpc_method_handler(
            check, request_deserializer=TYPES["CheckRequest"].FromString, response_serializer=TYPES["CheckResponse"].SerializeToString)
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(f"{PACKAGE}.Authorization", {"Check": method}),))
        address = f"127.0.0.1:{self.port}"
        assert (self.server.add_secure_port(address, credentials) if credentials else self.server.add_insecure_port(address)) == self.port

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.stop(None).wait()


def headers(http):
    return {entry.key: entry.value for entry in http.headers}
