import ArgumentParser
import GatewayCore
import Glibc
import Primitives

struct CertificatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certificates",
        abstract: "Lists the automatic certificates of a running gateway: names, issuer, expiry, next renewal, last error.",
        discussion: "Asks the gateway's admin address. Exit code 1: the gateway does not answer, or a certificate is missing or could not be renewed."
    )

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @OptionGroup var source: ConfigurationOption
    @Option(help: "The admin address of the gateway; by default the configuration's.") var admin: String?
    @Option(help: "text or json.") var format = Format.text

    func run() throws {
        let body = try AdminClient(source: source, admin: admin).get("/api/v1/certificates")
        guard let answer = try? JSON.parse(body), let certificates = answer["certificates"]?.array else {
            throw Failure("The gateway's answer makes no sense.")
        }
        switch format {
        case .json: Console.output(String(decoding: body, as: UTF8.self))
        case .text: Console.output(CertificateList(certificates, now: Int(time(nil)), style: Console.style).text)
        }
        if certificates.contains(where: { $0["expires"]?.int == nil || $0["failures"]?.int ?? 0 > 0 }) { Exit.now(1) }
    }
}
