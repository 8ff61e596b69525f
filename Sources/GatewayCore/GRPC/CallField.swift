package import Primitives

/// Fields of gRPC, in lower case.
package enum CallField {
    package static var timeout: ByteView { ByteView("grpc-timeout") }
    package static var status: ByteView { ByteView("grpc-status") }
    package static var message: ByteView { ByteView("grpc-message") }
}
