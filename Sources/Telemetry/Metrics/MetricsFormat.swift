/// The two text formats that collectors ask for.
package enum MetricsFormat: Sendable {
    /// Prometheus text 0.0.4.
    case prometheus
    /// OpenMetrics 1.0.
    case openMetrics

    /// For `Content-Type`.
    package var contentType: StaticString {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// What to answer to an `Accept`: OpenMetrics when it is named and not refused, else Prometheus text.
    package init(accept: String) {
        let wantsOpenMetrics = accept.split(separator: ",").contains { range in
            let parts = range.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            return parts.first == "application/openmetrics-text" && !parts.dropFirst().contains { $0.hasPrefix("q=") && Double($0.dropFirst(2)) == 0 }
        }
        self = wantsOpenMetrics ? .openMetrics : .prometheus
    }
}

package enum MetricType: String, Sendable {
    /// Only grows. Its samples end in `_total`.
    case counter
    case gauge
    case histogram
    /// Always 1; what matters are the labels. Its samples end in `_info`.
    case info
}
