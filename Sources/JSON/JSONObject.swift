// The members of an object, in order and found by bytes.

/// Members in the order of the text; equal to another object with the same members in any order.
///
/// Keys are compared by their UTF-8 bytes; to `String`'s own `==`, composed and decomposed accents are equal.
package struct JSONObject: Sendable {
    private var members: [Member] = []
    /// Where each key stands; filled only once there are more members than a scan is fast for.
    private var places = HashedPlaces()

    private static let scanned = 8

    fileprivate struct Member: Sendable {
        let key: String
        var value: JSONValue
    }

    package init() {}

    /// A key that is repeated keeps its first place and its last value.
    package init(_ members: [(String, JSONValue)]) {
        for (key, value) in members { self[key] = value }
    }

    package var count: Int { members.count }

    package var isEmpty: Bool { members.isEmpty }

    package var keys: [String] { members.map(\.key) }

    /// Setting a new key appends it; setting nil removes the member, in linear time.
    package subscript(key: String) -> JSONValue? {
        get { place(of: key).map { members[$0].value } }
        set {
            switch (place(of: key), newValue) {
            case (let place?, let value?): members[place].value = value
            case (let place?, nil): remove(at: place)
            case (nil, let value?):
                _ = appendNew(key)
                setLast(value)
            case (nil, nil): break
            }
        }
    }

    /// Appends a member whose value is null until `setLast`; false where the key is not new.
    ///
    /// In two halves because a parser has the key first, and hashing it once is a third of its time.
    mutating func appendNew(_ key: String) -> Bool {
        if members.count < Self.scanned {
            guard place(of: key) == nil else { return false }
        } else {
            if members.count == Self.scanned { index() }
            let hash = Self.hash(key)
            guard places.place(hash, where: { isKey(key.utf8.span, at: $0) }) == nil else { return false }
            places.insert(members.count, hash)
        }
        members.append(Member(key: key, value: .null))
        return true
    }

    mutating func setLast(_ value: JSONValue) {
        members[members.count - 1].value = value
    }

    /// The place of a member, from 0 in the order of the text, by the UTF-8 of its key.
    package func place(ofKey key: Span<UInt8>) -> Int? {
        guard members.count <= Self.scanned else {
            return places.place(SeededHash.of(key)) { isKey(key, at: $0) }
        }
        return members.indices.first { isKey(key, at: $0) }
    }

    /// Whether the member at a place has this key.
    @inline(__always)
    package func isKey(_ key: Span<UInt8>, at place: Int) -> Bool { members[place].key.utf8.span.isEqual(to: key) }

    private func place(of key: String) -> Int? { place(ofKey: key.utf8.span) }

    private static func hash(_ key: String) -> UInt64 { SeededHash.of(key.utf8.span) }

    private mutating func remove(at place: Int) {
        members.remove(at: place)
        places.removeAll()
        if members.count > Self.scanned { index() }
    }

    private mutating func index() {
        for (place, member) in members.enumerated() { places.insert(place, Self.hash(member.key)) }
    }
}

extension JSONObject: Sequence {
    /// A type with a name, because an opaque one is looked up at every step: half the time of reading a vocabulary.
    package struct Iterator: IteratorProtocol {
        fileprivate var members: IndexingIterator<[Member]>

        package mutating func next() -> (key: String, value: JSONValue)? {
            members.next().map { ($0.key, $0.value) }
        }
    }

    package func makeIterator() -> Iterator { Iterator(members: members.makeIterator()) }
}

extension JSONObject: Equatable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }
}
