import Glibc
import Primitives

/// Automatic certificates as lines for people: one each, and one for what went wrong.
struct CertificateList {
    private let certificates: [JSON]
    private let now: Int
    private let style: TextStyle

    /// - Parameters:
    ///   - certificates: as the admin address tells them.
    ///   - now: seconds since 1970.
    init(_ certificates: [JSON], now: Int, style: TextStyle) {
        self.certificates = certificates
        self.now = now
        self.style = style
    }

    var text: String {
        guard !certificates.isEmpty else { return "There are no automatic certificates." }
        let rows = certificates.map { certificate in
            [
                (certificate["names"]?.strings ?? []).joined(separator: ", "), certificate["issuer"]?.string ?? "",
                time(certificate["expires"]?.int) ?? "none yet", time(certificate["renewal"]?.int) ?? "now",
            ]
        }
        let head = ["names", "issuer", "expires", "renewal"]
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String { zip(cells, widths).map { $0.padded(to: $1) }.joined(separator: "  ").trimmed }
        var lines = [style.dim(line(head))]
        for (certificate, row) in zip(certificates, rows) {
            lines.append(line(row))
            guard let error = certificate["lastError"]?.string else { continue }
            let next = time(certificate["retry"]?.int).map { "; next try \($0)" } ?? ""
            lines.append("  \(style.bold("error:")) \(error)\(next)")
        }
        return lines.joined(separator: "\n")
    }

    /// `2026-11-24 11:28 (in 59 d)`, in UTC.
    private func time(_ seconds: Int?) -> String? {
        guard let seconds else { return nil }
        var clock = time_t(seconds), parts = tm()
        guard gmtime_r(&clock, &parts) != nil else { return nil }
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let date = "\(Int(parts.tm_year) + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) \(two(parts.tm_hour)):\(two(parts.tm_min))"
        let distance = seconds - now
        return "\(date) (\(distance >= 0 ? "in \(span(distance))" : "\(span(-distance)) ago"))"
    }

    private func span(_ seconds: Int) -> String {
        switch seconds {
        case 172_800...: "\(seconds / 86_400) d"
        case 7200...: "\(seconds / 3600) h"
        case 120...: "\(seconds / 60) min"
        default: "\(seconds) s"
        }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
    fileprivate var trimmed: String { String(reversed().drop { $0 == " " }.reversed()) }
}
