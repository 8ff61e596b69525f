import Certificates
import Reactor
import SharedState

/// Challenges that one gateway has begun, told to all others by gossip: whichever an authority comes to can answer.
struct GossipBoard: ChallengeBoard {
    let gossip: GossipCell

    /// Longer than authorities take, should the gateway end before it can take the challenge down.
    private static let lifetime: Nanoseconds = .seconds(600)

    private var service: GossipService? { gossip.service }

    private func name(_ type: String, _ name: String) -> [UInt8] { Array("\(type == "http-01" ? "h" : "t")\(name)".utf8) }

    func put(_ type: String, _ name: String, _ keyAuthorization: String) {
        service?.put(self.name(type, name), Array(keyAuthorization.utf8), lifetime: GossipBoard.lifetime)
    }

    func takeDown(_ type: String, _ name: String) { service?.takeDown(self.name(type, name)) }

    func keyAuthorization(_ type: String, _ name: String) -> String? {
        service?.notice(self.name(type, name)).map { String(decoding: $0, as: UTF8.self) }
    }
}
