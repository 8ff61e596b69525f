import Primitives
import Reactor
import Testing

@testable import Telemetry

@Suite struct MetricsTests {
    private func page(_ format: MetricsFormat, _ build: (inout MetricsText) -> Void) -> String {
        var text = MetricsText(format)
        build(&text)
        return String(decoding: text.finish(), as: UTF8.self)
    }

    private func example(_ text: inout MetricsText) {
        text.family("sluice_build", .info, "This program.")
        text.sample([("version", "1.0")], 1)
        text.family("sluice_requests_total", .counter, "Requests\nanswered \\ \"refused\".")
        text.sample([("api", "a\"b\\c\nd"), ("status", "200")], 17)
        text.sample([], UInt64.max)
        text.family("sluice_share", .gauge, "Shares.")
        for value in [0.25, 3, -1.5, 1e-7, 1e21, .nan, .infinity, -.infinity] { text.sample([], value) }
    }

    @Test func prometheusText() {
        #expect(
            page(.prometheus, example) == #"""
                # HELP sluice_build_info This program.
                # TYPE sluice_build_info gauge
                sluice_build_info{version="1.0"} 1
                # HELP sluice_requests_total Requests\nanswered \\ "refused".
                # TYPE sluice_requests_total counter
                sluice_requests_total{api="a\"b\\c\nd",status="200"} 17
                sluice_requests_total 18446744073709551615
                # HELP sluice_share Shares.
                # TYPE sluice_share gauge
                sluice_share 0.25
                sluice_share 3
                sluice_share -1.5
                sluice_share 1e-07
                sluice_share 1e+21
                sluice_share NaN
                sluice_share +Inf
                sluice_share -Inf

                """#)
    }

    @Test func openMetricsText() {
        let text = page(.openMetrics, example)
        #expect(text.hasPrefix("# HELP sluice_build This program.\n# TYPE sluice_build info\nsluice_build_info{version=\"1.0\"} 1\n"))
        #expect(
            text.contains("# HELP sluice_requests Requests\\nanswered \\\\ \\\"refused\\\".\n# TYPE sluice_requests counter\nsluice_requests_total{"))
        #expect(text.hasSuffix("-Inf\n# EOF\n"))
    }

    @Test func histograms() {
        var histogram = LatencyHistogram()
        for time in [1, 500_000, 500_001, 3_000_000, 60_000_000_000] as [Nanoseconds] { histogram.record(time) }
        let text = page(.prometheus) {
            $0.family("t_seconds", .histogram, "T.")
            $0.histogram([("api", "x")], histogram)
        }
        let lines = text.split(separator: "\n").map(String.init)
        #expect(
            lines[2...6] == [
                #"t_seconds_bucket{api="x",le="0.0005"} 2"#, #"t_seconds_bucket{api="x",le="0.001"} 3"#, #"t_seconds_bucket{api="x",le="0.002"} 3"#,
                #"t_seconds_bucket{api="x",le="0.004"} 4"#, #"t_seconds_bucket{api="x",le="0.008"} 4"#,
            ])
        #expect(
            lines.suffix(4) == [
                #"t_seconds_bucket{api="x",le="32.768"} 4"#, #"t_seconds_bucket{api="x",le="+Inf"} 5"#, #"t_seconds_sum{api="x"} 60.004000002"#,
                #"t_seconds_count{api="x"} 5"#,
            ])
    }

    @Test func boundsOfOpenMetricsAreFloats() {
        let build: (inout MetricsText) -> Void = {
            $0.family("h", .histogram, "H.")
            $0.histogram([], bounds: [0.5, 1], counts: [1, 1, 1], sum: 4)
        }
        #expect(page(.prometheus, build).contains("h_bucket{le=\"1\"} 2\n"))
        #expect(page(.openMetrics, build).contains("h_bucket{le=\"1.0\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 4\nh_count 3\n"))
    }

    @Test func everyDurationFallsIntoItsBucket() {
        for bucket in 0..<LatencyHistogram.boundCount {
            let bound = LatencyHistogram.bound(bucket)
            var histogram = LatencyHistogram()
            histogram.record(bound)
            histogram.record(bound + 1)
            #expect(histogram.count(in: bucket) == 1)
            #expect(histogram.count(in: bucket + 1) == 1)
        }
        var histogram = LatencyHistogram()
        histogram.record(0)
        histogram.record(.max)
        #expect(histogram.count(in: 0) == 1)
        #expect(histogram.count(in: LatencyHistogram.boundCount) == 1)
    }

    @Test func histogramsAddUp() {
        var one = LatencyHistogram(), other = LatencyHistogram()
        one.record(1000)
        other.record(2_000_000)
        other.record(1000)
        one.merge(other)
        #expect(one.count == 3)
        #expect(one.sum == 2_002_000)
        #expect(one.quantile(0.5) == 500_000)
        #expect(one.quantile(1) == 2_000_000)
        #expect(LatencyHistogram().quantile(0.5) == nil)
    }

    @Test(arguments: [
        ("", MetricsFormat.prometheus), ("text/plain", .prometheus),
        ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3", .openMetrics),
        ("text/plain, Application/OpenMetrics-Text; q=0", .prometheus), ("*/*", .prometheus),
    ])
    func formatByAccept(accept: String, format: MetricsFormat) { #expect(MetricsFormat(accept: accept) == format) }

    @Test func readsProcessFiles() throws {
        let stat = "7 (a ) b) S 1 2 3 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 4 0 1000 8192 10 18446744073709551615 1 1"
        let metrics = try #require(ProcessMetrics(stat: stat, systemStat: "cpu 1\nbtime 1700000000\nx 1", ticks: 100, page: 4096))
        #expect(metrics.cpuSeconds == 2)
        #expect(metrics.threads == 4)
        #expect(metrics.startTime == 1_700_000_010)
        #expect(metrics.virtualBytes == 8192)
        #expect(metrics.residentBytes == 40960)
        #expect(ProcessMetrics(stat: "", systemStat: "", ticks: 100, page: 4096) == nil)
    }

    @Test func readsThisProcess() throws {
        let metrics = try #require(ProcessMetrics.read())
        #expect(metrics.residentBytes > 1 << 20)
        #expect(metrics.openDescriptors >= 3)
        #expect(metrics.maximumDescriptors >= metrics.openDescriptors)
        #expect(metrics.threads >= 1)
        let age = Double(Instant.wallClock) / 1e9 - metrics.startTime
        #expect(age > -2 && age < 3600)
        let text = page(.prometheus) { metrics.write(to: &$0) }
        #expect(text.contains("# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total "))
        #expect(text.contains("\nprocess_open_fds "))
    }
}
