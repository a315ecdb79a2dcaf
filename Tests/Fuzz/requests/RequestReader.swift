import Foundation
import Fuzzing
import Relations
import Wire

/// Decodes one line after another as a session does, and checks the results.
struct RequestReader {
    private let limits: RequestDecoder.Limits
    /// The relationship that every load is applied to, whatever it names.
    private let relationship: Relationship
    private var decoder: RequestDecoder

    init(maxKeys: Int, maxIncludeDepth: Int, relationship: Relationship) {
        self.relationship = relationship
        limits = .init(maxKeys: maxKeys, maxIncludeDepth: maxIncludeDepth, maxIncludes: 256)
        decoder = RequestDecoder(limits)
    }

    mutating func check(_ frame: FramedLine) {
        guard case .line(let line) = frame else { return }
        // What a decoder remembers of earlier lines may make it faster, and must change no result. It
        // remembers what has come twice.
        var fresh = RequestDecoder(limits)
        let outcome = line.withUnsafeBytes { fresh.decode($0) }
        for _ in 0..<3 {
            expect(
                line.withUnsafeBytes { decoder.decode($0) } == outcome,
                "the lines before have changed \(outcome)")
        }
        let document = Document(line)
        if document == nil, !outcome.isBadJSON {
            expect(Outline(line).hasHugeNumber, "taken for JSON, and Foundation takes it for none")
        }
        switch outcome {
        case .success(let request): check(request, document)
        case .failure(let rejection): check(rejection, document, isJSON: document?.isStrict ?? false)
        }
    }

    private func check(_ request: Request, _ document: Document?) {
        expect(request.id.map { replyID($0) } != "null", "an id is echoed as null")
        if case .load(let load) = request.operation { LoadCheck(load, relationship).run() }
        guard let document else { return }
        expect(document.isStrict, "accepted, and no strict JSON")
        checkID(request.id, document)
        guard case .load(let load) = request.operation else { return }
        expect(document.text("load") == Array(load.shape.relationship.utf8), "another relationship was read")
        let (one, many) = load.shape.isByParent ? ("parent", "parents") : ("key", "keys")
        switch load.keys {
        case .one(let key): expect(document.has(key, at: one), "another key was read: \(key)")
        case .many(let keys):
            expect(document.has(keys, at: many), "other keys were read: \(keys)")
            expect(keys.count <= limits.maxKeys, "more keys than allowed")
        }
    }

    /// Checks that a rejection is one error with a code, on one line that every client can read.
    private func check(_ rejection: Rejection, _ document: Document?, isJSON: Bool) {
        let code = rejection.failure.code
        expect([.badJSON, .badRequest, .tooManyKeys].contains(code), "\(code) before any schema was asked")
        expect(!isJSON || code != .badJSON, "refused, though it is JSON: \(rejection.failure.message)")
        if let document {
            if code != .badJSON { expect(document.isStrict, "taken for JSON, and no strict JSON") }
            if code != .badJSON { checkID(rejection.id, document) }
        }
        checkReply(rejection)
    }

    private func checkReply(_ rejection: Rejection) {
        let line = written { ReplyEncoder.failure(rejection.id, rejection.failure, into: &$0) }
        expect(line.last == 0x0A && line.count { $0 == 0x0A } == 1, "a reply is not one line: \(shown(line))")
        let reply = (try? JSONSerialization.jsonObject(with: Data(line))) as? [String: Any]
        let error = reply?["error"] as? [String: Any]
        expect(error?["code"] as? String == rejection.failure.code.rawValue, "no code in \(shown(line))")
        expect((error?["message"] as? String)?.isEmpty == false, "no message in \(shown(line))")
        expect((reply?["id"] == nil) == (rejection.id == nil), "the id is lost in \(shown(line))")
    }

    /// Checks that the id that is echoed is the one that was sent.
    private func checkID(_ id: RequestID?, _ document: Document) {
        guard let id else { return }
        let sent = document.value("id").map { "\($0)" }
        let echo = written { ReplyEncoder.pong(id, into: &$0) }
        let reply = (try? JSONSerialization.jsonObject(with: Data(echo))) as? [String: Any]
        expect(sent != nil && reply?["id"].map { "\($0)" } == sent, "the id comes back as \(shown(echo))")
    }

    private func replyID(_ id: RequestID) -> String {
        String(
            decoding: written { ReplyEncoder.pong(id, into: &$0) }.dropFirst(6).dropLast(14), as: UTF8.self)
    }

    private func written(_ write: (inout ByteBuffer) -> Void) -> [UInt8] {
        var buffer = ByteBuffer()
        write(&buffer)
        return buffer.withBytes { Array($0) }
    }
}

extension Result<Request, Rejection> {
    fileprivate var isBadJSON: Bool {
        if case .failure(let rejection) = self { rejection.failure.code == .badJSON } else { false }
    }
}
