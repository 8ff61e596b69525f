internal import COpenSSL
private import Glibc
import Primitives

extension CertificateFacts {
    /// Reads what there is to read; what can't be read is missing.
    @unsafe init(_ certificate: OpaquePointer) {
        self.init()
        unsafe readNames(certificate)
        subject = unsafe CertificateFacts.text(X509_get_subject_name(certificate))
        issuer = unsafe CertificateFacts.text(X509_get_issuer_name(certificate))
        notBefore = unsafe CertificateFacts.time(X509_get0_notBefore(certificate))
        notAfter = unsafe CertificateFacts.time(X509_get0_notAfter(certificate))
        let flags = unsafe X509_get_extension_flags(certificate)
        isAuthority = flags & UInt32(EXFLAG_CA) != 0
        guard flags & UInt32(EXFLAG_KUSAGE) != 0 else { return }
        let given = unsafe X509_get_key_usage(certificate)
        usage.isGiven = true
        usage.signs = given & UInt32(KU_DIGITAL_SIGNATURE) != 0
        usage.signsCertificates = given & UInt32(KU_KEY_CERT_SIGN) != 0
        usage.signsLists = given & UInt32(KU_CRL_SIGN) != 0
    }

    private mutating func readNames(_ certificate: OpaquePointer) {
        guard let raw = unsafe X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return }
        let list = OpaquePointer(raw)
        defer { unsafe GENERAL_NAMES_free(list) }
        let count = unsafe sluice_general_names(list)
        for index in 0..<max(0, count) {
            var bytes: UnsafePointer<UInt8>?
            var length: Int32 = 0
            let kind = unsafe sluice_alt_name(list, index, &bytes, &length)
            let view = unsafe ByteView(bytes, count: max(0, Int(length)))
            if kind == GEN_URI { uriCount += 1 }
            guard let name = CertificateFacts.name(kind, view) else { continue }
            names.append(name)
        }
    }

    /// Names with bytes that no such name has are nobody's: a zero byte would cut them short in some eyes.
    private static func name(_ kind: Int32, _ bytes: ByteView) -> SubjectAltName? {
        if kind == GEN_IPADD { return address(bytes).map { .ip($0) } }
        guard kind == GEN_DNS || kind == GEN_URI || kind == GEN_EMAIL, bytes.count > 0, bytes.count <= 2048 else { return nil }
        let array = bytes.array
        guard array.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        let text = String(decoding: array, as: UTF8.self)
        return kind == GEN_URI ? .uri(text) : kind == GEN_EMAIL ? .email(text) : .dns(text.lowercased())
    }

    private static func address(_ bytes: ByteView) -> IPAddress? {
        func word(_ at: Int, _ count: Int) -> UInt64 { (at..<at + count).reduce(0) { $0 << 8 | UInt64(bytes[$1]) } }
        switch bytes.count {
        case 4: return IPAddress(v4: UInt32(truncatingIfNeeded: word(0, 4)))
        case 16: return IPAddress(high: word(0, 8), low: word(8, 8))
        default: return nil
        }
    }

    /// A distinguished name in one line; bytes that do not print are escaped.
    private static func text(_ name: OpaquePointer?) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard let name = unsafe name, unsafe X509_NAME_oneline(name, &buffer, 256) != nil else { return "" }
        let end = buffer.firstIndex(of: 0) ?? buffer.endIndex
        return String(decoding: buffer[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func time(_ time: UnsafePointer<ASN1_TIME>?) -> String {
        var parts = unsafe tm()
        guard let time = unsafe time, unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return "an unknown time" }
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return
            unsafe "\(Int(parts.tm_year) + 1900)-\(two(parts.tm_mon &+ 1))-\(two(parts.tm_mday))T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
}
