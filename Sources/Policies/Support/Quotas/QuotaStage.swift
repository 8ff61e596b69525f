import GatewayCore
import Primitives

/// Notes the bytes of a long body while they pass: what is still under way counts for what comes meanwhile.
final class QuotaStage: BodyStage {
    // The exchange owns the stage, and lets go of it when it ends.
    private unowned let exchange: Exchange
    private let book: QuotaBook
    private let receipt: QuotaReceipt
    private var passed = 0

    init(_ exchange: Exchange, _ book: QuotaBook, _ receipt: QuotaReceipt) {
        self.exchange = exchange
        self.book = book
        self.receipt = receipt
    }

    var keepsLength: Bool { true }

    func take(_ bytes: ByteView, _ next: (ByteView) throws(GatewayError) -> Void) throws(GatewayError) {
        try next(bytes)
        passed &+= bytes.count
        guard passed >= QuotaBook.stride else { return }
        passed = 0
        book.settle(receipt, exchange, calls: nil, isOver: false)
    }
}
