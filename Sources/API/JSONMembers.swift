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

    /// Credit and rewards are finite by the time they are written (Crediting refuses what could add up to infinity); an absent one is null.
    mutating func member(_ key: String, _ value: Double?) {
        self.key(key)
        if let number = value.flatMap(JSONNumber.init) { self.number(number) } else { null() }
    }
}
