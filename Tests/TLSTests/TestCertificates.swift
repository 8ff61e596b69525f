import Foundation

/// Certificates made with the openssl command, once for all tests.
enum TestCertificates {
    static let folder: String = {
        let folder = "\(NSTemporaryDirectory())/sluice-tls-\(getpid())"
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }()

    static let a = make("a.test", "ec", ["-pkeyopt", "ec_paramgen_curve:P-256"])
    static let b = make("b.test", "rsa:2048", [])

    private static func make(_ name: String, _ algorithm: String, _ more: [String]) -> (certificate: String, key: String) {
        let certificate = "\(folder)/\(name).crt", key = "\(folder)/\(name).key"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["openssl", "req", "-x509", "-newkey", algorithm] + more
            + ["-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:\(name)"]
        process.standardError = FileHandle.nullDevice
        try? process.run()
        process.waitUntilExit()
        return (certificate, key)
    }
}
