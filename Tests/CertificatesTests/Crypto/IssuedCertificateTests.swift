import Testing

@testable import Certificates

@Suite struct IssuedCertificateTests {
    /// With the serial number and the key identifier of the example in RFC 9773 §4.1.
    private let example = """
        -----BEGIN CERTIFICATE-----
        MIIBhjCCAS2gAwIBAgIFAIdlQyEwCgYIKoZIzj0EAwIwETEPMA0GA1UEAwwGSXNz
        dWVyMCAXDTI2MTEyNDE4MTIyNVoYDzIxMjYxMDMxMTgxMjI1WjARMQ8wDQYDVQQD
        DAZJc3N1ZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAT+5IQyhRQbeGqrGLdp
        Ng+eOSgQYBXzNgkWpf12+SF6PseaCQLMVME19v6UeU/ZKq5fuHpnOwFTX91owEPV
        wD3Eo3AwbjAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBRpiFtrh0ZAQeGze4R7
        oK4s3gHI1DAfBgNVHSMEGDAWgBRpiFtrh0ZAQeGze4R7oK4s3gHI1DAbBgNVHREE
        FDASghBXV1cuZXhhbXBsZS50ZXN0MAoGCCqGSM49BAMCA0cAMEQCIF9R3WG0UaWq
        DvYwuK+JbnBYdHaE9QQ8BOGKLF0mpDXoAiAUeiIMyugBWSBNGI1dTk6ZkwNxNaYH
        Biagfcpj2V5+mg==
        -----END CERTIFICATE-----
        """

    @Test func theNumberIsShownWithoutItsEncoding() throws {
        let certificate = try IssuedCertificate(chain: Array(example.utf8))
        #expect(certificate.serial == "87654321")
        #expect(certificate.renewalID == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE")
        #expect(certificate.names == ["www.example.test"] && certificate.issuer == "Issuer")
    }

    @Test func whatIsNoCertificateIsRefused() {
        #expect(throws: CryptoFailure.self) { try IssuedCertificate(chain: Array("-----BEGIN CERTIFICATE-----".utf8)) }
    }
}
