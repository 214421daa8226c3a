// Requests that wait until the queue has room for them.

/// A request before its works are in the queue.
struct WaitingRequest: Sendable {
    let works: [TokenWork]
    let arrived: Double
    /// What it adds to the queue.
    let tokens: Int
    /// What it holds in memory.
    let heldTokens: Int

    init(works: [TokenWork], arrived: Double) {
        self.works = works
        self.arrived = arrived
        tokens = works.reduce(0) { $0 + $1.addedTokens }
        heldTokens = works.reduce(0) { $0 + $1.tokens.count }
    }
}

/// Such requests in the order in which they came; whoever gives up leaves from anywhere.
struct WaitingLine: Sendable {
    private var line = Line()
    private var requests: [Int: WaitingRequest] = [:]
    private(set) var items = 0
    private(set) var tokens = 0
    private(set) var heldTokens = 0

    var isEmpty: Bool { line.isEmpty }
    var count: Int { requests.count }

    /// Who is next, by ticket.
    var first: (ticket: Int, request: WaitingRequest)? {
        guard let ticket = line.first, let request = requests[ticket] else { return nil }
        return (ticket, request)
    }

    mutating func append(_ request: WaitingRequest, ticket: Int) {
        line.append(ticket)
        requests[ticket] = request
        items += request.works.count
        tokens += request.tokens
        heldTokens += request.heldTokens
    }

    /// Nil where it does not wait here.
    @discardableResult
    mutating func remove(_ ticket: Int) -> WaitingRequest? {
        guard let request = requests.removeValue(forKey: ticket) else { return nil }
        line.remove(ticket)
        items -= request.works.count
        tokens -= request.tokens
        heldTokens -= request.heldTokens
        return request
    }
}

extension RoundPlan {
    func hasRoom(for request: WaitingRequest) -> Bool {
        queuedTokens == 0 || request.tokens <= capacity - queuedTokens
    }

    /// Whether a request may stand in line; one that is larger than the whole line may where nobody else does.
    func canWait(_ request: WaitingRequest) -> Bool {
        waiting.isEmpty || request.heldTokens <= limits.maximumWaitingTokens - waiting.heldTokens
    }

    /// What has to be free after a refusal: others would only be read to be refused as well.
    ///
    /// A request like the refused one must fit then; but for one that is large nobody waits longer than for a quarter of
    /// the queue.
    func relief(after refused: WaitingRequest) -> Int { min(refused.tokens, max(1, capacity / 4)) }

    /// Puts all works of a request into the queue.
    mutating func admit(_ request: WaitingRequest, as ticket: Int, at now: Double) {
        let count = request.works.count
        requests[ticket] = Request(numbers: nextNumber..<nextNumber + count, open: count)
        for (index, work) in request.works.enumerated() {
            append(work, of: ticket, index: index, arrived: request.arrived, at: now)
        }
    }

    /// Fills the queue from those that wait; the first is never overtaken, so that a large one has its turn.
    mutating func admitWaiting(at now: Double) {
        while let (ticket, request) = waiting.first, hasRoom(for: request) {
            waiting.remove(ticket)
            admit(request, as: ticket, at: now)
        }
    }
}
