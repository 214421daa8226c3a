// The members of an object, in order and found by bytes.

/// Members in the order of the text; equal to another object with the same members in any order.
///
/// Keys are compared by their UTF-8 bytes; to `String`'s own `==`, composed and decomposed accents are equal.
package struct JSONObject: Sendable {
    private var members: [Member] = []
    /// Where each key stands; filled only once there are more members than a scan is fast for.
    private var places: [ByteKey: Int] = [:]

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
            guard places.updateValue(members.count, forKey: ByteKey(text: key)) == nil else { return false }
        }
        members.append(Member(key: key, value: .null))
        return true
    }

    mutating func setLast(_ value: JSONValue) {
        members[members.count - 1].value = value
    }

    private func place(of key: String) -> Int? {
        guard members.count <= Self.scanned else { return places[ByteKey(text: key)] }
        return members.firstIndex { ByteKey(text: $0.key) == ByteKey(text: key) }
    }

    private mutating func remove(at place: Int) {
        members.remove(at: place)
        places.removeAll()
        if members.count > Self.scanned { index() }
    }

    private mutating func index() {
        for (place, member) in members.enumerated() { places[ByteKey(text: member.key)] = place }
    }
}

/// A string hashed and compared by its bytes; `Hasher` is seeded, so nobody can prepare keys that collide.
private struct ByteKey: Hashable {
    let text: String

    static func == (left: ByteKey, right: ByteKey) -> Bool {
        left.text.utf8.count == right.text.utf8.count && left.text.utf8.elementsEqual(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
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
