// What a transcript should be, to compare with.
import Transcripts

extension Transcript {
    /// A transcript to compare with; the room alone makes real ones.
    struct Expected: Equatable {
        let question: Question
        let response: String
        let start: Int

        init(question: Question, response: String, start: Int) {
            self.question = question
            self.response = response
            self.start = start
        }

        init(_ transcript: Transcript) {
            self.init(question: transcript.question, response: transcript.response, start: transcript.span.lowerBound)
        }
    }
}
