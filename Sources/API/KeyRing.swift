// The keys that let in: as digests, and replaceable.
package import Digests
import Synchronization

/// Whom a route is for; each circle lies within the one before it.
package enum Audience: Int, Sendable, Comparable {
    /// Whoever reaches the port.
    case everybody
    /// Who shows a key; where no callers' keys are set, that is everybody.
    case callers
    /// Who shows an admin key.
    case operators

    package static func < (one: Audience, other: Audience) -> Bool { one.rawValue < other.rawValue }
}

/// A key as its SHA-256: what lies in memory opens nothing.
package struct KeyDigest: Sendable {
    private let bytes: [UInt8]

    package init(of key: [UInt8]) throws(DigestError) { bytes = try SHA256.digest(of: key) }

    func isSame(as other: KeyDigest) -> Bool { Digests.isSame(bytes, other.bytes) }
}

/// The keys of one moment. An admin key is a caller's too.
package struct Keys: Sendable {
    let callers: [KeyDigest]
    let operators: [KeyDigest]

    package init(callers: [KeyDigest] = [], operators: [KeyDigest] = []) {
        self.callers = callers
        self.operators = operators
    }

    /// The innermost circle that who shows `key` belongs to.
    package func audience(of key: [UInt8]?) -> Audience {
        let shown = circle(of: key ?? [])
        return callers.isEmpty ? max(.callers, shown) : shown
    }

    /// Whether it is one of the keys, whoever's.
    func isKnown(_ key: [UInt8]) -> Bool { circle(of: key) > .everybody }

    /// Compared with every key, whichever it is: the time tells nothing of which one was right, nor how much of it.
    private func circle(of key: [UInt8]) -> Audience {
        guard !key.isEmpty, let shown = try? KeyDigest(of: key) else { return .everybody }
        var circle = Audience.everybody
        for known in callers where known.isSame(as: shown) { circle = .callers }
        for known in operators where known.isSame(as: shown) { circle = .operators }
        return circle
    }
}

/// The keys that are in force.
package final class KeyRing: Sendable {
    private let current: Mutex<Keys>

    package init(_ keys: Keys = Keys()) { current = Mutex(keys) }

    var keys: Keys { current.withLock { $0 } }

    /// From the next request on these hold, and those before them no longer.
    package func replace(with keys: Keys) { current.withLock { $0 = keys } }
}
