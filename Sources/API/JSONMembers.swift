// Writes a member of an object in one line.
import JSON

extension JSONWriter {
    mutating func member(_ key: String, _ text: String?) {
        self.key(key)
        if let text { string(text) } else { null() }
    }

    mutating func member(_ key: String, _ value: Int) {
        self.key(key)
        number(value)
    }

    mutating func member(_ key: String, _ value: Double?) {
        self.key(key)
        real(value)
    }

    /// A list, also where it has one element: a client that stacks tensors needs the same shape every time.
    mutating func member(_ key: String, _ values: [Double?]) {
        self.key(key)
        list(values)
    }

    mutating func list(_ values: [Double?]) {
        openArray()
        for value in values { real(value) }
        closeArray()
    }

    /// Credit and rewards are finite by the time they are written (Crediting refuses what could add up to infinity); an
    /// absent one is null, never 0 (promise P7).
    mutating func real(_ value: Double?) {
        if let number = value.flatMap(JSONNumber.init) { self.number(number) } else { null() }
    }

    /// What a list of rewards took; no token is ever made.
    mutating func usage(tokens: Int) {
        key("usage")
        openObject()
        member("prompt_tokens", tokens)
        member("total_tokens", tokens)
        closeObject()
    }
}
