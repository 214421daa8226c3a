// Where one turn ends and the next begins.

/// The bytes between the contents of two turns.
struct Joint: Sendable {
    /// The role of the turn that ends here; nil at the beginning of a text.
    let from: Turn.Role?
    let to: Turn.Role
    /// What ends the turn before, then what opens the next.
    let bytes: [UInt8]
    /// How many of the bytes end the turn before.
    let end: Int

    init(_ from: Turn.Role?, _ end: String, _ to: Turn.Role, _ header: String) {
        self.from = from
        self.to = to
        bytes = Array((end + header).utf8)
        self.end = end.utf8.count
    }
}

/// A template's joints, laid out for a search.
struct Grammar: Sendable {
    let template: PolicyTemplate
    let openings: [Joint]
    private let system: Exits
    private let user: Exits
    private let assistant: Exits

    static let all = PolicyTemplate.allCases.map(Grammar.init)

    init(_ template: PolicyTemplate) {
        self.template = template
        let joints = template.joints
        openings = joints.filter { $0.from == nil }
        system = Exits(joints.filter { $0.from == .system })
        user = Exits(joints.filter { $0.from == .user })
        assistant = Exits(joints.filter { $0.from == .assistant })
    }

    func exits(from role: Turn.Role) -> Exits {
        switch role {
        case .system: system
        case .user: user
        case .assistant: assistant
        }
    }
}

/// The joints that end a turn of one role.
struct Exits: Sendable {
    private let joints: [Joint]
    /// Whether a joint begins with the byte.
    private let begins: [Bool]

    init(_ joints: [Joint]) {
        self.joints = joints
        var begins = [Bool](repeating: false, count: 256)
        for joint in joints { if let first = joint.bytes.first { begins[Int(first)] = true } }
        self.begins = begins
    }

    /// The first joint at or after `start`; every byte is looked at once for each joint's length at most.
    func first(in text: [UInt8], from start: Int) -> (place: Int, joint: Joint)? {
        for place in start..<max(start, text.count) where begins[Int(text[place])] {
            if let joint = joints.first(where: { text.has($0.bytes, at: place) }) { return (place, joint) }
        }
        return nil
    }

    /// How many bytes at the end of a text end its last turn; nil where no token does.
    func endLength(of text: [UInt8], from start: Int) -> Int? {
        joints.map { Array($0.bytes.prefix($0.end)) }.first { end in
            // White space alone ends no turn where no header follows.
            !end.allSatisfy(\.isSpace) && end.count <= text.count - start && text.has(end, at: text.count - end.count)
        }?.count
    }
}
