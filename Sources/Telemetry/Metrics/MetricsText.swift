/// Builds a page of metrics: families one after another, each with its samples. Not for event loops.
///
///     var text = MetricsText(.prometheus)
///     text.family("sluice_requests", .counter, "Requests answered.")
///     text.sample([("api", "catalog"), ("status", "200")], 17)
///     text.family("sluice_request_seconds", .histogram, "Time to the end of the response.")
///     text.histogram([("api", "catalog")], latencies)
///     let bytes = text.finish()
///
/// A family's name comes without the `_total` or `_info` that its samples must end in; a given `_total` is taken off.
package struct MetricsText {
    package let format: MetricsFormat
    private var out: [UInt8] = []
    private var name = ""
    private var type = MetricType.gauge

    package init(_ format: MetricsFormat) {
        self.format = format
        out.reserveCapacity(64 << 10)
    }

    /// Begins a family. Each name may begin once.
    package mutating func family(_ name: String, _ type: MetricType, _ help: String) {
        self.name = type == .counter && name.hasSuffix("_total") ? String(name.dropLast(6)) : name
        self.type = type
        let title = format == .openMetrics ? self.name : self.name + sampleEnding
        append("# HELP \(title) ")
        append(escaped: help, quotes: format == .openMetrics)
        append("\n# TYPE \(title) \(typeName)\n")
    }

    /// A whole number of the current family.
    package mutating func sample(_ labels: [(String, String)] = [], _ value: some BinaryInteger) { sample(labels, text: "\(value)") }

    /// A sample of the current family. For families in seconds or shares.
    package mutating func sample(_ labels: [(String, String)] = [], _ value: Double) {
        sample(labels, text: MetricsText.text(value))
    }

    private mutating func sample(_ labels: [(String, String)], text: String) {
        append(name)
        append(sampleEnding)
        append(labels: labels, more: nil)
        append(" \(text)\n")
    }

    /// The buckets, sum (in seconds) and count of one series of the current family, which must be a histogram.
    package mutating func histogram(_ labels: [(String, String)] = [], _ histogram: LatencyHistogram) {
        let bounds = (0..<LatencyHistogram.boundCount).map { Double(LatencyHistogram.bound($0)) / 1e9 }
        let counts = (0...LatencyHistogram.boundCount).map { histogram.count(in: $0) }
        self.histogram(labels, bounds: bounds, counts: counts, sum: Double(histogram.sum) / 1e9)
    }

    /// The same for any buckets: `counts` has one more than `bounds`, each bucket's own (not cumulative).
    package mutating func histogram(_ labels: [(String, String)], bounds: [Double], counts: [UInt64], sum: Double) {
        var total: UInt64 = 0
        for (i, count) in counts.enumerated() {
            total &+= count
            append("\(name)_bucket")
            append(labels: labels, more: ("le", i < bounds.count ? bound(bounds[i]) : "+Inf"))
            append(" \(total)\n")
        }
        append("\(name)_sum")
        append(labels: labels, more: nil)
        append(" \(MetricsText.text(sum))\n\(name)_count")
        append(labels: labels, more: nil)
        append(" \(total)\n")
    }

    /// The whole page.
    package consuming func finish() -> [UInt8] {
        if format == .openMetrics { append("# EOF\n") }
        return out
    }

    // MARK: Text

    private var sampleEnding: String {
        switch type {
        case .counter: "_total"
        case .info: "_info"
        case .gauge, .histogram: ""
        }
    }

    /// Prometheus text knows no `info`.
    private var typeName: String { type == .info && format == .prometheus ? "gauge" : type.rawValue }

    private mutating func append(_ text: String) { out.append(contentsOf: text.utf8) }

    private mutating func append(labels: [(String, String)], more: (String, String)?) {
        if labels.isEmpty, more == nil { return }
        var separator = "{"
        for (name, value) in labels {
            append("\(separator)\(name)=\"")
            append(escaped: value, quotes: true)
            append("\"")
            separator = ","
        }
        if let more { append("\(separator)\(more.0)=\"\(more.1)\"") }
        append("}")
    }

    private mutating func append(escaped text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\"") where quotes: append("\\\"")
            default: out.append(byte)
            }
        }
    }

    /// OpenMetrics wants bounds as floats ("1.0"); Prometheus' own client writes "1".
    private func bound(_ value: Double) -> String {
        let text = MetricsText.text(value)
        return format == .openMetrics && !text.contains(where: { ".eE".contains($0) }) ? "\(text).0" : text
    }

    /// The shortest text that reads back as `value`; no decimals for whole numbers.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value.magnitude < 1e15, value == value.rounded() { return String(Int64(value)) }
        return value.description
    }
}
