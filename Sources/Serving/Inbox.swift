// Holds what has arrived, and cuts it into lines and runs.

/// Bytes that have arrived and are not yet parsed; each is looked at once for line ends and moved at most a few times.
struct Inbox: Sendable {
    /// What a line may consist of.
    enum Alphabet {
        /// Printable ASCII and space.
        case requestLine
        /// Also tab and bytes above 127.
        case field
    }

    private var bytes: [UInt8] = []
    /// The first byte that is not yet taken.
    private var start = 0
    /// The first byte that was not yet looked at for the end of a line.
    private var scanned = 0

    var unread: Int { bytes.count - start }

    mutating func append(_ new: [UInt8]) {
        if bytes.isEmpty {
            bytes = new
            return
        }
        // Only when at least half can go, or many short lines would move the rest again and again.
        if start * 2 >= bytes.count {
            bytes.removeFirst(start)
            scanned -= start
            start = 0
        }
        bytes.append(contentsOf: new)
    }

    /// The next line without its CRLF; nil until its end has arrived, however the bytes were cut on their way.
    mutating func line(
        of alphabet: Alphabet,
        atMost limit: Int,
        orThrow tooLong: Refusal
    ) throws(Refusal) -> ArraySlice<UInt8>? {
        var end = scanned
        while end < bytes.count, bytes[end] != .carriageReturn {
            let byte = bytes[end]
            guard byte != .lineFeed else { throw .malformed(.lineEnding) }
            guard alphabet == .field ? byte.isFieldContent : byte.isVisible || byte == .space else {
                throw .malformed(.controlByte)
            }
            guard end - start < limit else { throw tooLong }
            end += 1
        }
        scanned = end
        guard end + 1 < bytes.count else { return nil }
        // RFC 9112 2.2: a bare CR is invalid, wherever a recipient would let it end a line.
        guard bytes[end + 1] == .lineFeed else { throw .malformed(.lineEnding) }
        let line = bytes[start..<end]
        scanned = end + 2
        drop(line.count + 2)
        return line
    }

    /// The next bytes, up to `count` of those that are there.
    mutating func take(atMost count: Int) -> ArraySlice<UInt8> {
        let taken = bytes[start..<(start + Swift.min(count, unread))]
        scanned = taken.endIndex
        drop(taken.count)
        return taken
    }

    /// An empty inbox holds no memory: thousands of connections are idle.
    private mutating func drop(_ count: Int) {
        start += count
        guard start == bytes.count else { return }
        bytes = []
        start = 0
        scanned = 0
    }
}
