// A trainer's text as a rollout that the reward model reads.
import JSON
import Scoring
import Transcripts

/// A rollout out of the policy's chat template (reference/wire-apis.md section 6).
struct TrainerRollout: Sendable {
    let rollout: Rollout
    /// Where the response begins in the text as sent, in bytes of UTF-8.
    let offset: Int

    /// Prompt and answer as one text; `prompt` is what it began with, where the trainer says so.
    init(cutting text: String, after prompt: String?, _ words: URLWords, at path: String) throws(APIError) {
        do throws(TranscriptError) {
            self.init(try Transcript(cutting: text, after: prompt), words)
        } catch {
            throw .transcript(error, param: path)
        }
    }

    /// Prompt and answer apart; the prompt is a text or a list of messages, which is taken as it is.
    init(prompt: JSONValue, response: String, _ words: URLWords, at path: String) throws(APIError) {
        let messages = try prompt.array.map { values throws(APIError) in try [Message](values, at: path) }
        guard let text = messages == nil ? prompt.string : "" else {
            throw .wrongField(path, expected: "a string or a list of messages")
        }
        do throws(TranscriptError) {
            self.init(try Transcript(prompt: text, response: response), messages: messages, words)
        } catch {
            throw .transcript(error, param: path)
        }
    }

    private init(_ transcript: Transcript, messages: [Message]? = nil, _ words: URLWords) {
        offset = transcript.span.lowerBound
        rollout = Rollout(
            prompt: messages.map(Prompt.messages) ?? Prompt(transcript.question, keepsSystem: words.keepsSystem),
            source: .response(transcript.response, separator: words.separator)
        )
    }
}

extension Prompt {
    /// Without the policy's system turn, which tells the policy how to write and not what is asked.
    fileprivate init(_ question: Question, keepsSystem: Bool) {
        switch question {
        case .text(let text): self = .text(text)
        case .turns(let turns):
            self = .messages(
                turns.filter { keepsSystem || $0.role != .system }
                    .map { Message(role: $0.role.rawValue, content: $0.content) }
            )
        }
    }
}
