// Log lines that no value can forge, to a reader that may be slow.
//
// Written by hand because swift-log's own handler writes neither JSON nor escapes, and blocks where its reader does.
// Files, in reading order: LogLine (an event as bytes), LogOutput (bytes to a descriptor, which may be a full pipe).
package import Logging

/// How a line looks.
package enum LogFormat: String, Sendable, CaseIterable {
    /// One object a line.
    case json
    /// The time, the level, the message, then `name=value`.
    case text
}

/// A backend of swift-log that writes one line an event.
package struct LineHandler: LogHandler {
    package var logLevel: Logger.Level = .info
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let format: LogFormat
    private let output: LogOutput

    package init(format: LogFormat, output: LogOutput) {
        self.format = format
        self.output = output
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        // What is nearest to the event wins, as swift-log asks of a handler.
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let own = event.metadata { fields.merge(own) { $1 } }
        if let error = event.error { fields["error"] = "\(error)" }
        let line = LogLine(level: event.level, message: event.message.description, fields: fields)
        output.write(line.bytes(as: format, at: LogTime.now))
    }
}
