import Relations
import Wire

func decode(_ line: [UInt8], maxKeys: Int = 10_000) -> Result<Request, Rejection> {
    var decoder = RequestDecoder(.init(maxKeys: maxKeys, maxIncludeDepth: 8, maxIncludes: 256))
    return line.withUnsafeBytes { decoder.decode($0) }
}

func decode(_ line: String, maxKeys: Int = 10_000) -> Result<Request, Rejection> {
    decode(Array(line.utf8), maxKeys: maxKeys)
}

/// The bytes that `write` puts into a new buffer.
func written(_ write: (inout ByteBuffer) -> Void) -> [UInt8] {
    var buffer = ByteBuffer()
    write(&buffer)
    return buffer.withBytes { Array($0) }
}

func writtenText(_ write: (inout ByteBuffer) -> Void) -> String {
    String(decoding: written(write), as: UTF8.self)
}

extension Result where Success == Request, Failure == Rejection {
    var failure: Rejection? {
        if case .failure(let rejection) = self { rejection } else { nil }
    }

    var request: Request? {
        if case .success(let request) = self { request } else { nil }
    }

    /// The key of a load with one key.
    var key: KeyInput? {
        guard case .load(let load) = request?.operation, case .one(let key) = load.keys else { return nil }
        return key
    }
}

/// The id as a reply repeats it; `none` for no id.
func echo(_ id: RequestID?) -> String {
    let line = writtenText { ReplyEncoder.pong(id, into: &$0) }
    return line == "{\"pong\":true}\n" ? "none" : String(line.dropFirst(6).dropLast(14))
}
