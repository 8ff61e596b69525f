// swift-tools-version: 6.2
import PackageDescription

// The parsers of the wire under libFuzzer. `Sources` holds links to the gateway's own targets, so that everything is
// one package and `package` declarations are within reach. Build and run with ../scripts/fuzz.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
]

let fuzzers = [
    "RequestHead", "ResponseHead", "Chunked", "Path", "Proxy", "ClientHello", "TLSRecords", "Expression", "WebSocket", "HTTP2Server", "HTTP2Client",
]

let package = Package(
    name: "sluice-fuzz",
    targets: [
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl"),
        .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2"),
        .target(name: "Primitives", swiftSettings: settings),
        .target(name: "Expressions", dependencies: ["Primitives"], swiftSettings: settings),
        .target(name: "Reactor", dependencies: ["CLinux", "Primitives"], swiftSettings: settings),
        .target(name: "TLS", dependencies: ["COpenSSL", "CLinux", "Primitives", "Reactor"], swiftSettings: settings),
        .target(name: "GatewayCore", dependencies: ["Primitives", "Reactor"], swiftSettings: settings),
        .target(name: "Upstreams", dependencies: ["Primitives", "Reactor", "GatewayCore"], swiftSettings: settings),
        .target(
            name: "HTTPEngine", dependencies: ["CNghttp2", "Primitives", "Reactor", "TLS", "GatewayCore", "Upstreams"], swiftSettings: settings),
        .target(name: "ReactorTesting", dependencies: ["Primitives", "Reactor"], swiftSettings: settings),
        .target(name: "FuzzSupport", dependencies: ["Primitives", "GatewayCore"], path: "Support", swiftSettings: settings),
    ]
        + fuzzers.map { name in
            .executableTarget(
                name: "Fuzz\(name)",
                dependencies: [
                    "FuzzSupport", "Primitives", "Expressions", "Reactor", "ReactorTesting", "TLS", "GatewayCore", "Upstreams", "HTTPEngine",
                ],
                path: "Targets/\(name)", swiftSettings: settings)
        }
)
