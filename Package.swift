// swift-tools-version: 6.2
import PackageDescription

// The module graph, top to bottom: a target imports only from targets above it (docs/layout.md).

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]

/// The targets that bytes from the network reach: every unsafe construct is marked. Exclusive access to properties of
/// objects is checked at run time in debug builds, which all tests use; in release the checks would cost a tenth of an
/// exchange (docs/performance.md).
let dataPlaneSettings: [SwiftSetting] =
    settings + [
        .strictMemorySafety(),
        .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
    ]

let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let sources: [Target] = [
    // libc calls that the Glibc module does not export: epoll, eventfd, signalfd, inotify.
    .systemLibrary(name: "CLinux"),
    // Cryptography (docs/decisions/0007-one-crypto-library.md).
    .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
    .systemLibrary(name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    // Records on one machine, for Storage alone.
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    // Frames and header compression of HTTP/2, for HTTPEngine alone.
    .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
    // Byte views, addresses, methods: the nouns that every other target needs.
    .target(name: "Primitives", dependencies: [], swiftSettings: dataPlaneSettings),
    // One declaration per setting.
    .target(name: "Schema", dependencies: ["Primitives", yams], swiftSettings: settings),
    // Linear-time regular expressions; the expression language.
    .target(name: "Expressions", dependencies: ["Primitives"], swiftSettings: dataPlaneSettings),
    // Configuration as plain values, with lint.
    .target(name: "Model", dependencies: ["Primitives", "Schema", "Expressions"], swiftSettings: settings),
    // One event loop a core.
    .target(name: "Reactor", dependencies: ["CLinux", "Primitives"], swiftSettings: dataPlaneSettings),
    // TLS over the reactor's sockets.
    .target(name: "TLS", dependencies: ["COpenSSL", "CLinux", "Primitives", "Reactor"], swiftSettings: dataPlaneSettings),
    // Exchange, heads, handlers, errors.
    .target(name: "GatewayCore", dependencies: ["Primitives", "Reactor"], swiftSettings: dataPlaneSettings),
    // Who calls: credentials and where they are kept. Verifies, never routes.
    .target(
        name: "Identity", dependencies: ["CCrypt", "CArgon2", "COpenSSL", "Primitives", "Reactor", "GatewayCore"],
        swiftSettings: dataPlaneSettings),
    // Records in a database.
    .target(
        name: "Storage", dependencies: ["CSQLite", "Primitives", "Reactor", "GatewayCore", "Identity"], swiftSettings: dataPlaneSettings),
    .target(name: "Routing", dependencies: ["Primitives", "Expressions", "GatewayCore"], swiftSettings: dataPlaneSettings),
    .target(name: "Upstreams", dependencies: ["Primitives", "Expressions", "Reactor", "GatewayCore"], swiftSettings: dataPlaneSettings),
    // What gateways count and keep together: in memory, or on a server.
    .target(
        name: "SharedState", dependencies: ["Primitives", "Reactor", "TLS", "GatewayCore", "Identity", "Upstreams"],
        swiftSettings: dataPlaneSettings),
    // What the author of a policy imports: phases, verdicts, expressions over exchanges; chains.
    .target(
        name: "PolicyKit",
        dependencies: ["Primitives", "Schema", "Expressions", "Model", "Reactor", "GatewayCore", "Identity", "SharedState"],
        swiftSettings: dataPlaneSettings),
    .target(
        name: "HTTPEngine", dependencies: ["CNghttp2", "Primitives", "Reactor", "TLS", "GatewayCore", "Upstreams", "SharedState"],
        swiftSettings: dataPlaneSettings),
    // Automatic certificates: ACME, renewal, the store that gateways share.
    .target(
        name: "Certificates",
        dependencies: ["COpenSSL", "Primitives", "Reactor", "TLS", "GatewayCore", "Identity", "Upstreams", "HTTPEngine"],
        swiftSettings: dataPlaneSettings),
    .target(name: "Telemetry", dependencies: ["Primitives", "Reactor", "GatewayCore", logging], swiftSettings: dataPlaneSettings),
    // Compiles a model into a snapshot, runs the life of an exchange, swaps snapshots.
    .target(
        name: "DataPlane",
        dependencies: [
            "Primitives", "Schema", "Expressions", "Model", "Reactor", "TLS", "GatewayCore", "Identity", "Routing", "Upstreams",
            "SharedState", "PolicyKit", "HTTPEngine", "Certificates", "Telemetry", logging,
        ], swiftSettings: dataPlaneSettings),
    // The policies, a folder each. Only the command line and tests know them.
    .target(
        name: "Policies",
        dependencies: [
            "Primitives", "Schema", "Expressions", "Model", "Reactor", "TLS", "GatewayCore", "PolicyKit", "Identity", "SharedState",
        ],
        swiftSettings: dataPlaneSettings),
    // Where configuration comes from.
    .target(
        name: "Discovery",
        dependencies: ["CLinux", "Primitives", "Schema", "Model", "Reactor", "TLS", "GatewayCore", "Identity", "Upstreams", "HTTPEngine"],
        swiftSettings: settings),
    .target(
        name: "SluiceCLI",
        dependencies: [
            "CLinux", "Primitives", "Schema", "Model", "Reactor", "GatewayCore", "Routing", "PolicyKit", "Identity", "Storage", "Upstreams",
            "HTTPEngine", "Telemetry",
            "DataPlane", "Policies", "Discovery", argumentParser, logging,
        ], swiftSettings: settings),
    .executableTarget(name: "sluice", dependencies: ["SluiceCLI"], swiftSettings: settings),
    // What chains cost: see bench/README.md.
    .executableTarget(
        name: "chain-bench", dependencies: ["Schema", "Model", "Reactor", "GatewayCore", "PolicyKit", "Policies", "DataPlane", "Discovery"],
        path: "bench/chain", swiftSettings: settings),
    // What tokens cost.
    .executableTarget(
        name: "token-bench", dependencies: ["Primitives", "Schema", "Model", "Reactor", "GatewayCore", "PolicyKit", "Identity", "Policies"],
        path: "bench/tokens", swiftSettings: settings),
    // What decisions on a Redis server cost.
    .executableTarget(
        name: "redis-bench", dependencies: ["Primitives", "Reactor", "Upstreams", "SharedState"], path: "bench/redis", swiftSettings: settings),
    // What looking credentials up costs.
    .executableTarget(
        name: "identity-bench",
        dependencies: ["Primitives", "Schema", "Model", "Reactor", "GatewayCore", "Identity", "Storage", "PolicyKit", "Discovery"],
        path: "bench/identity", swiftSettings: settings),
]

/// Unit tests mirror `Sources/`; their cases are data files that SwiftPM need not know of.
func test(
    _ target: String, needs: [String] = [], products: [Target.Dependency] = [], hasCases: Bool = false, without: [String] = []
) -> Target {
    .testTarget(
        name: "\(target)Tests", dependencies: ([target] + needs).map { .target(name: $0) } + products,
        exclude: (hasCases ? ["Cases"] : []) + without,
        swiftSettings: settings)
}

let tests: [Target] = [
    // An in-memory backend with a manual clock, and its peers.
    .target(name: "ReactorTesting", dependencies: ["Primitives", "Reactor"], path: "Tests/ReactorTesting", swiftSettings: settings),
    // Counts the allocations of a thread, for the gate on the hot path.
    .target(name: "CAllocations", path: "Tests/CAllocations"),
    test("Primitives", hasCases: true),
    test("Reactor", needs: ["Primitives", "ReactorTesting"]),
    test("TLS", needs: ["COpenSSL", "Primitives", "Reactor"], hasCases: true),
    test("GatewayCore", needs: ["Primitives", "Reactor", "ReactorTesting"], hasCases: true),
    test("Identity", needs: ["COpenSSL", "Primitives", "Reactor", "GatewayCore", "CAllocations"], hasCases: true),
    test("Storage", needs: ["Primitives", "Reactor", "GatewayCore", "Identity"]),
    test("SharedState", needs: ["Primitives", "Reactor", "ReactorTesting", "TLS", "GatewayCore", "Identity", "Upstreams"], hasCases: true),
    test("Schema", needs: ["Primitives"]),
    test("Model", needs: ["Primitives", "Schema", "PolicyKit", "Policies"], hasCases: true),
    test("Expressions", needs: ["Primitives", "CAllocations"], hasCases: true),
    test("Routing", needs: ["Primitives", "Expressions"], hasCases: true),
    test("Discovery", needs: ["Primitives", "Reactor", "GatewayCore", "Model", "Schema"]),
    test("Upstreams", needs: ["Primitives", "Expressions", "Reactor", "ReactorTesting", "GatewayCore"]),
    test("Certificates", needs: ["COpenSSL", "Primitives", "Reactor", "TLS", "GatewayCore", "Identity", "Upstreams"]),
    test("HTTPEngine", needs: ["CNghttp2", "Primitives", "Reactor", "TLS", "ReactorTesting", "GatewayCore", "Upstreams", "SharedState"], hasCases: true),
    test(
        "DataPlane",
        needs: [
            "Primitives", "Schema", "Expressions", "Model", "Reactor", "ReactorTesting", "GatewayCore", "PolicyKit", "Routing", "Upstreams", "SharedState",
            "HTTPEngine",
            "Telemetry", "CAllocations",
        ], products: [logging], hasCases: true),
    test(
        "PolicyKit",
        needs: ["Primitives", "Schema", "Expressions", "Model", "Reactor", "ReactorTesting", "GatewayCore", "Identity", "HTTPEngine"]),
    test(
        "Policies",
        needs: [
            "Primitives", "Schema", "Expressions", "Model", "Reactor", "ReactorTesting", "GatewayCore", "PolicyKit", "Identity", "SharedState",
            "Routing", "Upstreams", "HTTPEngine", "Telemetry", "DataPlane", "CAllocations",
        ], hasCases: true, without: ["README.md"]),
    test("Telemetry", needs: ["Primitives", "Reactor", "ReactorTesting", "GatewayCore"], products: [logging]),
    test("SluiceCLI", needs: ["DataPlane", "Primitives", "Reactor"]),
]

let package = Package(
    name: "sluice",
    products: [.executable(name: "sluice", targets: ["sluice"])],
    dependencies: [
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ],
    targets: sources + tests
)
