// Counts what a server does.
internal import Sockets
internal import Synchronization

/// How a server has fared since it began, at one moment.
package struct Statistics: Sendable, Equatable {
    package var openConnections = 0
    package var acceptedConnections = 0
    /// Connections that never came to a request, for want of a TLS handshake.
    package var failedHandshakes = 0
    /// Whole requests handed to the handler.
    package var requests = 0
    /// Answers written to the end, those to refusals included.
    package var responses = 0
    package var refusals = 0
    /// Requests that were answered by their head, without their body.
    package var turnedAway = 0
    /// Times that the listener had to wait for a descriptor.
    package var pausedAccepts = 0
    /// Of the bodies that are being read or answered.
    package var bodyBytes = 0
    /// Of the large answers that wait for their readers.
    package var answerBytes = 0
    /// Connections whose client left before its answer was out.
    package var clientsGone = 0
    package var bytesReceived = 0
    package var bytesSent = 0

    package init() {}
}

/// The counters behind `Statistics`, one atomic each; whoever made a server may read them at any time.
package final class Counters: Sendable {
    let openConnections = Atomic(0)
    let acceptedConnections = Atomic(0)
    let failedHandshakes = Atomic(0)
    let requests = Atomic(0)
    let responses = Atomic(0)
    let refusals = Atomic(0)
    let turnedAway = Atomic(0)
    let pauses = Pauses()
    let bodyBytes = HeldBytes()
    let answerBytes = HeldBytes()
    let clientsGone = Atomic(0)
    let bytesReceived = Atomic(0)
    let bytesSent = Atomic(0)

    package init() {}

    package var now: Statistics {
        var statistics = Statistics()
        statistics.openConnections = openConnections.load(ordering: .relaxed)
        statistics.acceptedConnections = acceptedConnections.load(ordering: .relaxed)
        statistics.failedHandshakes = failedHandshakes.load(ordering: .relaxed)
        statistics.requests = requests.load(ordering: .relaxed)
        statistics.responses = responses.load(ordering: .relaxed)
        statistics.refusals = refusals.load(ordering: .relaxed)
        statistics.turnedAway = turnedAway.load(ordering: .relaxed)
        statistics.pausedAccepts = pauses.count
        statistics.bodyBytes = bodyBytes.count.load(ordering: .relaxed)
        statistics.answerBytes = answerBytes.count.load(ordering: .relaxed)
        statistics.clientsGone = clientsGone.load(ordering: .relaxed)
        statistics.bytesReceived = bytesReceived.load(ordering: .relaxed)
        statistics.bytesSent = bytesSent.load(ordering: .relaxed)
        return statistics
    }

    func count(_ counter: borrowing Atomic<Int>, _ amount: Int = 1) { counter.wrappingAdd(amount, ordering: .relaxed) }
}
